import { eventCatalogue, EventLog, type LoggedEvent } from '../../src/shared/events/index.js';
import { DispatchService, EdgesService, InputsService, InterventionsService, Sweeper } from '../../src/tasks/index.js';
import { startGiven, type Tenant } from '../support/given.js';
import { violations } from '../support/json-schema.js';
import { until } from '../support/until.js';

describe('the events of tasks', () => {
  const given = startGiven();

  const catalogue = () => new Map(eventCatalogue().map((definition) => [definition.type, definition]));
  /** Each event with what is wrong with its data by the catalogue. */
  const wrong = (log: readonly LoggedEvent[]) => {
    const known = catalogue();
    return log.flatMap(({ type, data }) => {
      const found = violations(known.get(type)?.data ?? { enum: [] }, data);
      return found.length > 0 ? [[type, data, found]] : [];
    });
  };
  const agentOf = (tenant: Tenant) => tenant.agent('ada');

  /** What agents do to tasks, from their making to their end. */
  async function work(tenant: Tenant) {
    const { caller, task, claim, rows } = tenant;
    const ada = await agentOf(tenant);
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

    return { first, second, third };
  }

  /** What others do to them, and what time does. */
  async function intervene(tenant: Tenant) {
    const { caller, task, rows, claim, workspace } = tenant;
    const { node } = given;
    const ada = await agentOf(tenant);
    const [edges, inputs] = [node.get(EdgesService), node.get(InputsService)];
    const [interventions, dispatch] = [node.get(InterventionsService), node.get(DispatchService)];
    const take = async (id: string, claimKind?: 'human') => {
      const [lease] = await claim(ada, { ...(claimKind && { claimKind }) });
      expect(lease?.task.id).toBe(id);
      return { taskId: id, epoch: lease?.epoch ?? 0 };
    };
    /** Sweeps until the feed holds this of the task. */
    const happens = (id: string, type: string) =>
      until(async () => {
        await node.get(Sweeper).sweep();
        return (await tenant.events.of(id)).includes(type);
      }, type);
    const move = (id: string, set: string) => rows(`UPDATE tasks SET ${set} WHERE tenant_id = $1 AND id = $2`, id);

    const one = await task({ maxAttempts: 2, timeoutSeconds: 100 });
    const other = await task({ runAt: new Date(Date.now() + 3_600_000) });
    await edges.add(caller, other.id, { taskId: one.id, kind: 'conditional', outcome: 'failed', onFailure: 'proceed' });
    await edges.remove(caller, other.id, one.id, 'conditional');
    await interventions.cancel(caller, other.id);
    const held = await take(one.id);
    await inputs.awaitInput(caller, held, { which: 'one?' });
    await inputs.giveInput(caller, one.id, 'this one');
    await move(one.id, `claimed_at = now() - interval '80 s', timeout_at = now() + interval '20 s'`);
    await happens(one.id, 'task.timeout_warning');
    await move(one.id, 'timeout_at = now()');
    await happens(one.id, 'task.attempt_timed_out');
    await take(one.id);
    await move(one.id, 'timeout_at = now()');
    await happens(one.id, 'task.timed_out');
    await interventions.retry(caller, one.id);
    const again = await take(one.id, 'human');
    await move(one.id, 'lease_expires_at = now()');
    await happens(one.id, 'task.overdue');
    await interventions.cancel(caller, one.id, { reason: 'enough' });
    await node.claims.release(caller, again);

    const due = await task({ deadline: new Date(Date.now() + 100_000), runAt: new Date(Date.now() + 90_000) });
    await move(due.id, `created_at = now() - interval '400 s', due_at = now()`);
    await happens(due.id, 'task.deadline_warning');
    await move(due.id, `deadline = now(), due_at = now()`);
    await happens(due.id, 'task.timed_out');

    for (const [scope, subject] of [
      ['workspace', workspace.id],
      ['type', 'build'],
      ['agent', ada.id],
    ] as const) {
      await dispatch.pause(caller, { scope, subject }, 'fire');
      await dispatch.resume(caller, { scope, subject });
    }
    return { one, other, due, ada };
  }

  it('come in order from every operation, with the data that the catalogue promises', async () => {
    const tenant = await given.tenant();
    const { first, second, third } = await work(tenant);

    const log = (await tenant.events.all()).filter(({ subjectType }) => subjectType === 'task');
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
    expect(wrong(log)).toEqual([]);
    const { tenantId, workspace } = tenant;
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

  it('come from whoever intervenes and from time, so that all that the catalogue promises is written', async () => {
    const tenant = await given.tenant();
    await work(tenant);
    const { one, other, due, ada } = await intervene(tenant);

    expect(await tenant.events.of(one.id)).toEqual([
      'task.created',
      'task.claimed',
      'task.awaiting_input',
      'task.input_received',
      'task.timeout_warning',
      'task.attempt_timed_out',
      'task.claimed',
      'task.timed_out',
      'task.retried',
      'task.claimed',
      'task.overdue',
      'task.cancel_requested',
      'task.cancelled',
    ]);
    expect(await tenant.events.of(other.id)).toEqual([
      'task.created',
      'task.edge_added',
      'task.edge_removed',
      'task.cancelled',
    ]);
    expect(await tenant.events.of(due.id)).toEqual(['task.created', 'task.deadline_warning', 'task.timed_out']);

    const own = await given.node.get(EventLog).read(tenant.tenantId, tenant.tenantId, { after: 0, limit: 1_000 });
    const log = [...(await tenant.events.all()), ...own.events].filter(({ type }) => /^tasks?\./.test(type));
    expect(wrong(log)).toEqual([]);
    const promised = [...catalogue().keys()].filter((type) => /^tasks?\./.test(type)).sort();
    expect([...new Set(log.map(({ type }) => type))].sort()).toEqual(promised);
    const pauses = log.filter(({ type }) => type === 'tasks.paused');
    expect(pauses.map(({ subjectType, subjectId, feedId, data }) => [subjectType, subjectId, feedId, data])).toEqual(
      expect.arrayContaining([
        [
          'pause',
          tenant.workspace.id,
          tenant.workspace.id,
          { scope: 'workspace', subject: tenant.workspace.id, reason: 'fire' },
        ],
        ['pause', tenant.tenantId, tenant.tenantId, { scope: 'type', subject: 'build', reason: 'fire' }],
        ['pause', ada.id, tenant.tenantId, { scope: 'agent', subject: ada.id, reason: 'fire' }],
      ]),
    );
  });
});
