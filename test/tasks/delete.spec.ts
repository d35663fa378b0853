import { v7 as uuidv7 } from 'uuid';
import { outcomes, startGiven } from '../support/given.js';

describe('deleting a task', () => {
  const given = startGiven();

  it('hides it everywhere', async () => {
    const { http, tasks, ada, claim, events } = await given.workspace({ agents: ['ada'], tasks: 1 });
    const id = tasks[0]?.id ?? '';

    expect((await http.delete(`/v1/tasks/${id}`)).status).toBe(204);

    expect((await http.get(`/v1/tasks/${id}`)).status).toBe(404);
    expect((await http.delete(`/v1/tasks/${id}`)).status).toBe(404);
    expect((await http.get('/v1/tasks')).body).toMatchObject({ items: [] });
    expect((await http.post('/v1/tasks/get', { ids: [id] })).body).toEqual({ items: [], missing: [id] });
    expect((await http.post('/v1/tasks', { type: 'x', title: 'y', dependsOn: [{ taskId: id }] })).status).toBe(404);
    expect(await claim(ada)).toEqual([]);
    expect(await events.of(id)).toEqual(['task.created', 'task.deleted']);
  });

  it('is refused while somebody works on it', async () => {
    const { http, ada, claim, tasks } = await given.workspace({ agents: ['ada'], tasks: 1 });
    await claim(ada);

    expect(await http.delete(`/v1/tasks/${tasks[0]?.id}`)).toMatchObject({
      status: 409,
      body: { code: 'task_in_progress', assignedTo: ada.id },
    });
  });

  it('is refused while unfinished tasks wait for it', async () => {
    const { http, task, caller } = await given.tenant();
    const blocker = await task();
    const waiting = await task({ dependsOn: [{ taskId: blocker.id }] });
    await task({ dependsOn: [{ taskId: blocker.id, kind: 'related' }] });
    const remove = () => http.delete(`/v1/tasks/${blocker.id}`);

    expect(await remove()).toMatchObject({
      status: 409,
      body: { code: 'task_blocks_others', dependants: [waiting.id] },
    });
    await given.node.tasks.delete(caller, waiting.id);
    expect((await remove()).status).toBe(204);
  });

  it('is not refused for what waits for it but has ended', async () => {
    const { http } = await given.tenant();
    const tasks = [
      { type: 'x', title: 'blocker', ref: 'blocker' },
      { type: 'x', title: 'gone', status: 'cancelled', dependsOn: [{ ref: 'blocker' }] },
    ];
    const { body } = await http.post<{ items: { id: string }[] }>('/v1/tasks/import', { tasks });

    expect((await http.delete(`/v1/tasks/${body.items[0]?.id}`)).status).toBe(204);
  });

  it('is done once by many at the same time', async () => {
    const { caller, tasks, events } = await given.workspace({ tasks: 1 });
    const id = tasks[0]?.id ?? '';

    const results = await Promise.allSettled(Array.from({ length: 20 }, () => given.node.tasks.delete(caller, id)));

    expect(outcomes(results).sort()).toEqual(['fulfilled', ...Array<string>(19).fill('not_found')]);
    expect(await events.of(id)).toEqual(['task.created', 'task.deleted']);
  });

  it('never leaves an agent with a deleted task, nor a task that waits for one, when they cross', async () => {
    const { caller, task, claim, ada, rows } = await given.workspace({ agents: ['ada'] });

    for (let n = 0; n < 100; n++) {
      const { id } = await task();
      await Promise.allSettled([
        given.node.tasks.delete(caller, id),
        n % 2 ? claim(ada) : task({ id: uuidv7(), dependsOn: [{ taskId: id }] }),
      ]);
    }

    expect(
      await rows(`SELECT id FROM tasks WHERE tenant_id = $1 AND deleted_at IS NOT NULL AND status = 'in_progress'`),
    ).toEqual([]);
    const orphans = await rows(
      `SELECT w.id FROM tasks w JOIN task_edges e ON e.tenant_id = w.tenant_id AND e.blocked_id = w.id
         JOIN tasks b ON b.tenant_id = w.tenant_id AND b.id = e.blocker_id
       WHERE w.tenant_id = $1 AND w.open_blockers > 0 AND w.deleted_at IS NULL AND b.deleted_at IS NOT NULL`,
    );
    expect(orphans).toEqual([]);
  });
});
