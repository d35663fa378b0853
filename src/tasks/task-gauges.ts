import { Injectable } from '@nestjs/common';
import { Metrics, Reading } from '../shared/metrics/index.js';
import { DEAD, type Depths, DepthsRepository, OPEN } from './depths.repository.js';
import { PAUSE_SCOPES } from './pause.js';

/** How much work there is, over all tenants; every node shows the same. */
@Injectable()
export class TaskGauges {
  private readonly depths: Reading<Depths>;

  constructor(
    repository: DepthsRepository,
    private readonly metrics: Metrics,
  ) {
    this.depths = new Reading('depths of the queues', () => repository.measure());
    this.byLabel('tasks_open', 'Tasks that have not ended, by status.', 'status', OPEN, (depths) => depths.byStatus);
    this.byLabel('tasks_dead', 'Dead letters: they wait for a retry by hand.', 'status', DEAD, (depths) => depths.byStatus); // prettier-ignore
    this.byLabel('task_pauses', 'Pauses in force, by scope.', 'scope', PAUSE_SCOPES, (depths) => depths.pauses);
    this.number('tasks_ready', 'Tasks that can be claimed now, pauses and limits apart.', ({ ready }) => ready);
    this.number('tasks_oldest_ready_seconds', 'How long the oldest of them has been ready.', (depths) => depths.oldestReadySeconds); // prettier-ignore
    this.number('task_holders', 'Agents that hold a task.', ({ holders }) => holders);
  }

  private number(name: string, help: string, value: (depths: Depths) => number): void {
    this.metrics.gauge({ name, help }, async (gauge) => {
      const depths = await this.depths.take();
      if (depths) gauge.set(value(depths));
      else gauge.remove();
    });
  }

  private byLabel<Value extends string>(
    name: string,
    help: string,
    label: string,
    values: readonly Value[],
    counts: (depths: Depths) => ReadonlyMap<Value, number>,
  ): void {
    this.metrics.gauge({ name, help, labels: [label] }, async (gauge) => {
      const depths = await this.depths.take();
      gauge.reset();
      if (depths) for (const value of values) gauge.set({ [label]: value }, counts(depths).get(value) ?? 0);
    });
  }
}
