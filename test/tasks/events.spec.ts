import { eventCatalogue } from '../../src/shared/events/index.js';
import { Sweeper } from '../../src/tasks/index.js';
import { startGiven } from '../support/given.js';
import { violations } from '../support/json-schema.js';
import { until } from '../support/until.js';

describe('the events of tasks', () => {
  const given = startGiven();

  it('come in order from every operation, with the data that the catalogue promises', async () => {
    const { caller, tenantId, task, ada, claim, rows, events, workspace } = await given.workspace({ agents: ['ada'] });
    const { claims, tasks } = given.node;
    const failure = { code: 'x', message: 'y' };
    const take = async (id: string) => ({ taskId: id, epoch: (await claim(ada))[0]?.epoch ?? 0 });

    const first = await task({ maxAttempts: 2 });
    const [second] = await tasks.createBatch(caller, [
      { type: 'a', title: 'b', dependsOn: [{ taskId: first.id }], parentTaskId: first.id },
    ]);
    await tasks.update(caller, first.id, 1, { title: 'c', priority: 'low' });
    const held = await take(first.id);
    await claims.progress(caller, held, { percent: 5, message: 'm' });
    await claims.heartbeat(caller, [held]);
    await claims.release(caller, held, 'later');
    await claims.fail(caller, await take(first.id), failure);
    await take(first.id);
    await rows(`UPDATE tasks SET lease_expires_at = now() WHERE tenant_id = $1 AND id = $2`, first.id);
    await until(async () => {
      await given.node.get(Sweeper).sweep();
      return (await claims.heartbeat(caller, [{ taskId: first.id, epoch: 3 }]))[0]?.status === 'failed';
    });
    await tasks.delete(caller, second?.id ?? '');
    const third = await task();
    await claims.fail(caller, await take(third.id), { ...failure, retryable: true });
    await claim(ada);
    await rows(`UPDATE tasks SET lease_expires_at = now() WHERE tenant_id = $1 AND id = $2`, third.id);
    await until(async () => {
      await given.node.get(Sweeper).sweep();
      return (await claims.heartbeat(caller, [{ taskId: third.id, epoch: 2 }]))[0]?.status === 'pending';
    });
    await claims.complete(caller, await take(third.id), { done: true });

    const log = (await events.all()).filter(({ subjectType }) => subjectType === 'task');
    expect(log.map(({ type, subjectId }) => [type, subjectId])).toEqual([
      ['task.created', first.id],
      ['task.created', second?.id],
      ['task.updated', first.id],
      ['task.claimed', first.id],
      ['task.progressed', first.id],
      ['task.released', first.id],
      ['task.claimed', first.id],
      ['task.attempt_failed', first.id],
      ['task.claimed', first.id],
      ['task.failed', first.id],
      ['task.deleted', second?.id],
      ['task.created', third.id],
      ['task.claimed', third.id],
      ['task.attempt_failed', third.id],
      ['task.claimed', third.id],
      ['task.lease_expired', third.id],
      ['task.claimed', third.id],
      ['task.completed', third.id],
    ]);
    const catalogue = new Map(eventCatalogue().map((definition) => [definition.type, definition]));
    for (const { type, data } of log)
      expect([type, violations(catalogue.get(type)?.data ?? { enum: [] }, data)]).toEqual([type, []]);
    const promised = [...catalogue.keys()].filter((type) => type.startsWith('task.')).sort();
    expect(promised).toEqual(expect.arrayContaining(log.map(({ type }) => type)));
    expect(log.every((event) => event.tenantId === tenantId && event.feedId === workspace.id && event.actorId)).toBe(
      true,
    );
    expect(log[1]?.data).toMatchObject({
      type: 'a',
      title: 'b',
      priority: 'normal',
      parentTaskId: first.id,
      dependsOn: [
        { taskId: first.id, kind: 'blocks', onFailure: 'hold', outcome: null },
        { taskId: first.id, kind: 'parent_child', onFailure: 'hold', outcome: null },
      ],
    });
  });
});
