import { Injectable } from '@nestjs/common';
import { AgentsService } from '../agents/index.js';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { circles } from './circles.js';
import { type Found, IntegrityRepository } from './integrity.repository.js';
import type { IntegrityReportView } from './integrity.view.js';

/** Issues of one type that are shown. */
const SHOWN = 100;

const CYCLE = {
  type: 'dependency_cycle',
  severity: 'error',
  entity: 'task',
  fix: 'Remove one of the edges: DELETE /v1/tasks/{id}/edges/{blockerId}. No operation of Muster closes a circle: report it.',
} as const;
const HOLDER = {
  type: 'holder_deleted',
  severity: 'warning',
  entity: 'task',
  fix: 'It may still be finished under its lease. One that is never taken away must be released by whoever has its epoch, or cancelled.', // prettier-ignore
} as const;

/** Whether what is stored about tasks agrees with itself. */
@Injectable()
export class IntegrityService {
  constructor(
    private readonly integrity: IntegrityRepository,
    private readonly agents: AgentsService,
  ) {}

  /** Reads all of the tenant's tasks as of one moment; it changes nothing. */
  @Transactional({ readOnly: true, readYourWrites: true, isolation: 'REPEATABLE READ', timeoutMs: 60_000 })
  async report(caller: Caller): Promise<IntegrityReportView> {
    const { now: checkedAt, ...checked } = await this.integrity.counts(caller.tenantId);
    const found = [
      ...(await this.integrity.issues(caller.tenantId, SHOWN + 1)),
      ...(await this.cycles(caller)),
      ...(await this.deletedHolders(caller)),
    ];
    const byType = new Map<string, Found[]>();
    for (const issue of found) byType.set(issue.check.type, [...(byType.get(issue.check.type) ?? []), issue]);
    const issues = [...byType.values()].flatMap((ofType) => ofType.slice(0, SHOWN));
    return {
      checkedAt,
      checked,
      issues: issues.map(({ check: { type, severity, entity: kind, fix }, id, message }) => ({
        type,
        severity,
        entity: { kind, id },
        message: `The ${kind.replace('_', ' ')} ${kind === 'edge' ? 'of ' : ''}${id}: ${message}.`,
        fix,
      })),
      truncated: issues.length < found.length,
    };
  }

  private async cycles({ tenantId }: Caller): Promise<Found[]> {
    const found = circles(await this.integrity.openEdges(tenantId)).slice(0, SHOWN + 1);
    return found.map((path) => ({
      check: CYCLE,
      id: path[0] ?? '',
      message: `waits for itself: ${[...path.slice(0, 20), path[0]].join(' → ')}`,
    }));
  }

  private async deletedHolders(caller: Caller): Promise<Found[]> {
    const holders = await this.integrity.holders(caller.tenantId);
    const existing = await this.agents.existing(caller, [...holders.keys()]);
    const gone = [...holders].filter(([agentId]) => !existing.has(agentId));
    return gone
      .flatMap(([agentId, taskIds]) =>
        taskIds.map((id) => ({ check: HOLDER, id, message: `is held by the agent ${agentId}, which is deleted` })),
      )
      .slice(0, SHOWN + 1);
  }
}
