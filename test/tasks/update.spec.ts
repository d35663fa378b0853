import { v7 as uuidv7 } from 'uuid';
import { OptimisticLock } from '../../src/shared/errors/index.js';
import { outcomes, startGiven } from '../support/given.js';

const at = (version: number | string) => ({ headers: { 'if-match': `"${version}"` } });

describe('changing a task', () => {
  const given = startGiven({ nodes: 2 });

  it('changes what was sent, raises the version and says which fields changed', async () => {
    const { http, tasks, events } = await given.workspace({ tasks: 1 });
    const [task] = tasks;
    const sent = {
      title: 'New',
      priority: 'low',
      tags: ['x'],
      parameters: { a: [1] },
      deadline: '2030-01-01T00:00:00Z',
    };

    const { status, body, headers } = await http.patch<{ updatedAt: string }>(`/v1/tasks/${task?.id}`, sent, at(1));

    expect({ status, body }).toMatchObject({
      status: 200,
      body: { ...sent, deadline: '2030-01-01T00:00:00.000Z', version: 2 },
    });
    expect(headers.get('etag')).toBe('"2"');
    expect(Date.parse(body.updatedAt)).toBeGreaterThan(Number(task?.updatedAt) - 1);
    const last = (await events.all()).at(-1);
    expect(last).toMatchObject({
      type: 'task.updated',
      subjectId: task?.id,
      data: { fields: expect.arrayContaining(Object.keys(sent)) as string[], version: 2 },
    });
  });

  it('clears by null what may be empty', async () => {
    const { http, task } = await given.tenant();
    const { id } = await task({ description: 'x', externalRef: 'y', runAt: new Date(), deadline: new Date() });
    const empty = { description: null, externalRef: null, runAt: null, deadline: null };

    expect((await http.patch(`/v1/tasks/${id}`, empty, at(1))).body).toMatchObject(empty);
  });

  it('refuses a stale version with the current one, and a missing one', async () => {
    const { http, tasks } = await given.workspace({ tasks: 1 });
    const path = `/v1/tasks/${tasks[0]?.id}`;
    await http.patch(path, { title: 'first' }, at(1));

    expect(await http.patch(path, { title: 'second' }, at(1))).toMatchObject({
      status: 412,
      body: { code: 'stale_version', givenVersion: 1, currentVersion: 2 },
    });
    expect(await http.patch(path, { title: 'second' })).toMatchObject({
      status: 428,
      body: { code: 'precondition_required' },
    });
    expect((await http.patch(path, { title: 'second' }, { headers: { 'if-match': '*' } })).status).toBe(400);
    expect((await http.patch(path, { title: 'second' }, at('999999999999999'))).status).toBe(412);
    expect((await http.patch(`/v1/tasks/${uuidv7()}`, { title: 'x' }, at(1))).status).toBe(404);
    expect((await http.get(path)).body).toMatchObject({ title: 'first', version: 2 });
  });

  it('lets one of a hundred at the same time win, over two nodes, and tells the others the version there is [S93]', async () => {
    const { caller, tasks, events, get } = await given.workspace({ tasks: 1 });
    const id = tasks[0]?.id ?? '';

    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) => given.nodes[n % 2]?.tasks.update(caller, id, 1, { title: `writer ${n}` })),
    );

    expect(outcomes(results).filter((one) => one === 'stale_version')).toHaveLength(99);
    const winner = results.findIndex(({ status }) => status === 'fulfilled');
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ details: { currentVersion: 2 } });
    }
    expect((await given.second.tasks.get(caller, id)).title).toBe(`writer ${winner}`);
    expect((await get(id)).version).toBe(2);
    expect(await events.of(id)).toEqual(['task.created', 'task.updated']);
  });

  it('loses no change of fifty writers who read again and repeat', async () => {
    const { caller, tasks, get } = await given.workspace({ tasks: 1 });
    const id = tasks[0]?.id ?? '';
    const add = async (tag: string): Promise<unknown> => {
      const { version, tags } = await get(id);
      try {
        return await given.node.tasks.update(caller, id, version, { tags: [...tags, tag] });
      } catch (error) {
        if (error instanceof OptimisticLock) return add(tag);
        throw error;
      }
    };

    await Promise.all(Array.from({ length: 50 }, (_, n) => add(String(n))));

    expect((await get(id)).tags.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  it.each([
    [{}, 'body'],
    [{ title: '' }, 'title'],
    [{ title: null }, 'title'],
    [{ priority: 'urgent' }, 'priority'],
    [{ status: 'completed' }, 'status'],
    [{ epoch: 7 }, 'epoch'],
    [{ tags: 'x' }, 'tags'],
    [{ maxAttempts: 0 }, 'maxAttempts'],
    [{ parameters: [] }, 'parameters'],
    [{ deadline: '2026-02-30T00:00:00Z' }, 'deadline'],
  ])('refuses %j with the field', async (body, field) => {
    const { http, tasks } = await given.workspace({ tasks: 1 });
    const path = `/v1/tasks/${tasks[0]?.id}`;

    expect(await http.patch(path, body, at(1))).toMatchObject({ status: 400, body: { errors: [{ field }] } });
    expect((await http.get(path)).body).toMatchObject({ version: 1 });
  });

  it('moves a task in the order of claims', async () => {
    const { ada, tasks, claim, caller } = await given.workspace({ agents: ['ada'], tasks: 2 });
    await given.node.tasks.update(caller, tasks[1]?.id ?? '', 1, { priority: 'critical' });

    expect((await claim(ada))[0]?.task.id).toBe(tasks[1]?.id);
  });
});
