import { Injectable } from '@nestjs/common';
import { Metrics, Reading } from '../shared/metrics/index.js';
import { AGENT_STATUSES } from './agent-state.js';
import { AgentsRepository } from './agents.repository.js';

/** How many agents there are, over all tenants; every node shows the same. */
@Injectable()
export class AgentGauges {
  constructor(agents: AgentsRepository, metrics: Metrics) {
    const counts = new Reading('agents by status', () => agents.countByStatus());
    metrics.gauge({ name: 'agents', help: 'Agents of all tenants, by status.', labels: ['status'] }, async (gauge) => {
      const found = await counts.take();
      gauge.reset();
      if (found) for (const status of AGENT_STATUSES) gauge.set({ status }, found.get(status) ?? 0);
    });
  }
}
