import { EdgesService, InterventionsService, Sweeper } from '../../src/tasks/index.js';
import { aTask, outcomes, startGiven, type Tenant } from '../support/given.js';

/** Counterexamples of the model in test/model, each by itself. */
describe('a task', () => {
  const given = startGiven();

  /** Sets columns as time would, and lets the sweeper find the task. */
  const pass = async ({ rows }: Tenant, id: string, columns: string): Promise<void> => {
    await rows(`UPDATE tasks SET ${columns} WHERE tenant_id = $1 AND id = $2`, id);
    await given.node.get(Sweeper).sweep();
  };
  const OVER = `now() - interval '1 second'`;
  const DEADLINE_OVER = `deadline = ${OVER}, due_at = ${OVER}`;

  it('cannot be deleted while one that timed out would wait for it when tried again', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const [blocker] = tenant.tasks;
    const id = blocker?.id ?? '';
    const dead = await tenant.task({ dependsOn: [{ taskId: id }] });
    await pass(tenant, dead.id, DEADLINE_OVER);
    expect((await tenant.get(dead.id)).status).toBe('timeout');

    await expect(given.node.tasks.delete(tenant.caller, id)).rejects.toMatchObject({
      code: 'task_blocks_others',
      details: { dependants: [dead.id] },
    });
  });

  it('is cancelled by its deadline when its holder had been asked to stop', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const [lease] = await tenant.claim(tenant.ada);
    const id = lease?.task.id ?? '';
    await given.node.get(InterventionsService).cancel(tenant.caller, id);

    await pass(tenant, id, DEADLINE_OVER);

    expect(await tenant.get(id)).toMatchObject({ status: 'cancelled', error: { code: 'deadline_passed' } });
    expect((await tenant.events.of(id)).slice(-2)).toEqual(['task.cancel_requested', 'task.cancelled']);
    await expect(given.node.get(InterventionsService).retry(tenant.caller, id)).rejects.toMatchObject({
      code: 'invalid_transition',
    });
  });

  it('that a person gives back after its deadline is ended, and does not stay pending for ever', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const [lease] = await tenant.claim(tenant.ada, { claimKind: 'human' });
    const id = lease?.task.id ?? '';
    await pass(tenant, id, DEADLINE_OVER);
    expect((await tenant.get(id)).status).toBe('in_progress');

    await given.node.claims.release(tenant.caller, { taskId: id, epoch: 1 });
    await given.node.get(Sweeper).sweep();

    expect((await tenant.get(id)).status).toBe('timeout');
  });

  it('is counted once and answered as it is when it is cancelled with a subtask that it waits for', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const id = tenant.tasks[0]?.id ?? '';
    const child = await tenant.task({ parentTaskId: id });
    await given.node.get(EdgesService).add(tenant.caller, id, { taskId: child.id, kind: 'waits_for' });

    const cancelled = await given.node.get(InterventionsService).cancel(tenant.caller, id, { tree: true });

    expect(cancelled).toMatchObject({ cancelled: 2, requested: 0 });
    expect(cancelled.task.version).toBe((await tenant.get(id)).version);
  });

  it('that the failure of another ended is ended again by a retry, until that one is tried again', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const blocker = await tenant.task({ maxAttempts: 1 });
    const { id } = await tenant.task({ dependsOn: [{ taskId: blocker.id, onFailure: 'fail' }] });
    const interventions = given.node.get(InterventionsService);
    await tenant.claim(tenant.ada);
    await given.node.claims.fail(tenant.caller, { taskId: blocker.id, epoch: 1 }, { code: 'broken', message: 'No.' });

    expect(await interventions.retry(tenant.caller, id)).toMatchObject({
      status: 'failed',
      error: { code: 'blocker_failed' },
    });
    expect((await tenant.events.of(id)).slice(-2)).toEqual(['task.retried', 'task.failed']);

    await interventions.retry(tenant.caller, blocker.id);
    expect(await interventions.retry(tenant.caller, id)).toMatchObject({ status: 'pending', openBlockers: 1 });
  });

  it('that was deleted loses no edges any more, resolved or not', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const blocker = tenant.tasks[0]?.id ?? '';
    const { id } = await tenant.task({ dependsOn: [{ taskId: blocker }] });
    await given.node.tasks.delete(tenant.caller, id);

    const removed = given.node.get(EdgesService).remove(tenant.caller, id, blocker, 'blocks');

    await expect(removed).rejects.toMatchObject({ code: 'not_found' });
    expect((await tenant.events.of(id)).at(-1)).toBe('task.deleted');
  });

  it('that was completed although it was asked to stop takes subtasks, as any that is completed', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const [lease] = await tenant.claim(tenant.ada);
    const id = lease?.task.id ?? '';
    await given.node.get(InterventionsService).cancel(tenant.caller, id);
    await expect(tenant.task({ parentTaskId: id })).rejects.toMatchObject({ code: 'parent_cancelled' });
    await given.node.claims.complete(tenant.caller, { taskId: id, epoch: 1 });

    expect(await tenant.task({ parentTaskId: id })).toMatchObject({ parentTaskId: id });
    expect(await given.node.tasks.createBatch(tenant.caller, [aTask({ parentTaskId: id })])).toHaveLength(1);
  });

  it('that is assigned goes before others also when one before it waits for a place of its key', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const { id: assignedTo } = tenant.ada;
    const first = await tenant.task({ assignedTo, concurrencyKey: 'one at a time' });
    await tenant.task({ assignedTo, concurrencyKey: 'one at a time' });
    const other = await tenant.task({ assignedTo });

    const leases = await tenant.claim(tenant.ada, { limit: 2 });

    expect(leases.map(({ task }) => task.id)).toEqual([first.id, other.id]);
  });

  it('whose blocker fails refuses a late failure that comes at the same moment', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await tenant.task();
    await tenant.claim(tenant.ada);
    await given.node.claims.release(tenant.caller, { taskId: id, epoch: 1 });
    const blocker = await tenant.task({ priority: 'critical', maxAttempts: 1 });
    const edge = { taskId: blocker.id, onFailure: 'fail' } as const;
    await given.node.get(EdgesService).add(tenant.caller, id, edge);
    await tenant.claim(tenant.ada);
    const fail = (taskId: string) =>
      given.node.claims.fail(tenant.caller, { taskId, epoch: 1 }, { code: 'broken', message: 'No.' });

    const results = await Promise.allSettled([fail(blocker.id), fail(id)]);

    expect(outcomes(results)).toEqual(['fulfilled', 'invalid_transition']);
  });

  it('of a batch whose dedupe key an open task has is refused as a duplicate, as a single one is', async () => {
    const tenant = await given.tenant();
    await tenant.task({ dedupeKey: 'nightly' });

    const batch = given.node.tasks.createBatch(tenant.caller, [aTask(), aTask({ dedupeKey: 'nightly' })]);

    await expect(batch).rejects.toMatchObject({ code: 'duplicate_task' });
  });

  it('is ended once when the same end also takes away another of its blockers', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const root = await tenant.task({ maxAttempts: 1 });
    const fails = await tenant.task({ dependsOn: [{ taskId: root.id, onFailure: 'fail' }] });
    const { id } = await tenant.task({
      dependsOn: [
        { taskId: fails.id, kind: 'waits_for' },
        { taskId: root.id, onFailure: 'skip' },
      ],
    });
    await tenant.claim(tenant.ada);

    await given.node.claims.fail(tenant.caller, { taskId: root.id, epoch: 1 }, { code: 'broken', message: 'No.' });

    expect(await tenant.events.of(id)).toEqual(['task.created', 'task.cancelled']);
  });
});
