import { v7 as uuidv7 } from 'uuid';
import { startGiven } from '../support/given.js';

describe('reading tasks by id', () => {
  const given = startGiven();

  it('answers 404 for one that is not there or was deleted, and 400 for what is no id [S27] [S28]', async () => {
    const { http, task, caller } = await given.tenant();
    const { id } = await task();
    await given.node.tasks.delete(caller, id);

    for (const missing of [id, uuidv7()]) {
      expect(await http.get(`/v1/tasks/${missing}`)).toMatchObject({
        status: 404,
        body: { code: 'not_found', id: missing },
      });
    }
    expect(await http.get('/v1/tasks/x')).toMatchObject({ status: 400, body: { errors: [{ field: 'id' }] } });
  });

  it('gives a batch in the order asked and names what is missing', async () => {
    const { http, tasks } = await given.workspace({ tasks: 3 });
    const [a, b, c] = tasks.map((task) => task.id);
    const unknown = uuidv7();
    const ids = [c, unknown, a, b, a];

    const { status, body } = await http.post<{ items: { id: string }[]; missing: string[] }>('/v1/tasks/get', { ids });

    expect(status).toBe(200);
    expect(body.items.map((item) => item.id)).toEqual([c, a, b, a]);
    expect(body.missing).toEqual([unknown]);
  });

  it('reads a batch of the cached and the uncached alike', async () => {
    const { caller, tasks, get } = await given.workspace({ tasks: 6 });
    for (const { id } of tasks.slice(0, 3)) await get(id);

    const { items, missing } = await given.node.tasks.getBatch(
      caller,
      tasks.map((task) => task.id),
    );

    expect(items).toEqual(tasks);
    expect(missing).toEqual([]);
  });

  it('takes 1 to 500 ids', async () => {
    const { http } = await given.tenant();
    for (const count of [0, 501]) {
      const ids = Array.from({ length: count }, () => uuidv7());
      expect(await http.post('/v1/tasks/get', { ids })).toMatchObject({ status: 400 });
    }
  });

  it('answers 304 to whoever has the version', async () => {
    const { http, tasks } = await given.workspace({ tasks: 1 });
    const read = (tag: string) => http.get(`/v1/tasks/${tasks[0]?.id}`, { headers: { 'if-none-match': tag } });

    expect((await read('"1"')).status).toBe(304);
    expect((await read('"2"')).status).toBe(200);
  });

  it('shows the edges from and to a task', async () => {
    const { http, task } = await given.tenant();
    const root = await task();
    const child = await task({ parentTaskId: root.id, dependsOn: [{ taskId: root.id, kind: 'related' }] });
    const last = await task({ dependsOn: [{ taskId: child.id }] });

    const { body } = await http.get<{ items: object[] }>(`/v1/tasks/${child.id}/edges`);

    const hold = { onFailure: 'hold', outcome: null, createdAt: expect.any(String) as string };
    const link = { ...hold, resolvedAt: expect.any(String) as string };
    expect(body.items).toEqual([
      { ...link, blockerId: root.id, blockedId: child.id, kind: 'parent_child' },
      { ...link, blockerId: root.id, blockedId: child.id, kind: 'related' },
      { ...hold, blockerId: child.id, blockedId: last.id, kind: 'blocks', resolvedAt: null },
    ]);
    expect((await http.get(`/v1/tasks/${uuidv7()}/edges`)).status).toBe(404);
  });
});
