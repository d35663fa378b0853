import { Metrics } from '../shared/metrics/index.js';
import type { Task } from './task.entity.js';
import { TaskMeter } from './task-meter.js';

const NOW = new Date('2026-01-31T09:30:00Z');
const task = (more: Partial<Task>): Task =>
  ({ id: 'a', epoch: 0, completedAt: NOW, updatedAt: NOW, claimedAt: NOW, ...more }) as Task;

/** What was counted, without what is 0. */
async function counted(meter: (meter: TaskMeter) => void): Promise<string[]> {
  const metrics = new Metrics();
  meter(new TaskMeter(metrics));
  const lines = (await metrics.registry.metrics()).split('\n');
  return lines.filter((line) => /^muster_(tasks_ended|task_attempts_ended)_total\{/.test(line) && !line.endsWith(' 0'));
}
const ended = (status: string, n = 1) => `muster_tasks_ended_total{status="${status}"} ${n}`;
const attempt = (outcome: string, n = 1) => `muster_task_attempts_ended_total{outcome="${outcome}"} ${n}`;

describe('TaskMeter', () => {
  const completion = 'task_complete($1, $2, $3, $4, $5, $6)';

  it('does not count a dependant again that ended in the same millisecond and has lost a blocker', async () => {
    const rows = [task({ status: 'completed', epoch: 1 }), task({ id: 'b', status: 'failed', epoch: 2 })];
    expect(await counted((meter) => meter.called(completion, [['a']], rows, new Set()))).toEqual([
      ended('completed'),
      attempt('completed'),
    ]);
  });

  it('counts what a function marked as ended by the policy of an edge, whatever its times', async () => {
    const dependant = task({ id: 'b', status: 'failed', updatedAt: new Date(0) });
    const rows = [task({ status: 'completed', epoch: 1 }), dependant];
    expect(await counted((meter) => meter.called(completion, [['a']], rows, new Set([dependant])))).toEqual([
      ended('completed'),
      ended('failed'),
      attempt('completed'),
    ]);
  });

  it('counts an attempt by the row that says so, not by the one of the same task that lost a blocker', async () => {
    const rows = [task({ status: 'failed', epoch: 3 }), task({ status: 'failed' })];
    const values = ['failed', ['a']];
    expect(await counted((meter) => meter.called('task_end_attempt($1, $2)', values, rows, new Set()))).toEqual([
      ended('failed'),
      attempt('failed'),
    ]);
  });

  it('counts a task once that was cancelled and then lost a blocker', async () => {
    const cancelled = task({ status: 'cancelled' });
    const rows = [cancelled, task({ status: 'cancelled' })];
    expect(await counted((meter) => meter.called('task_cancel($1, $2)', ['a'], rows, new Set([cancelled])))).toEqual([
      ended('cancelled'),
    ]);
  });
});
