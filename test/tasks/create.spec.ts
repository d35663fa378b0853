import { v7 as uuidv7 } from 'uuid';
import { aTask, outcomes, startGiven } from '../support/given.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('creating a task', () => {
  const given = startGiven();

  it('answers it whole, with what was left out by default [S19] [S20]', async () => {
    const { http, workspace, caller } = await given.tenant();

    const { status, body, headers } = await http.post('/v1/tasks', aTask());

    expect(status).toBe(201);
    expect(headers.get('etag')).toBe('"1"');
    expect(body).toMatchObject({
      ...aTask(),
      workspaceId: workspace.id,
      description: null,
      parameters: {},
      status: 'pending',
      priority: 'normal',
      tags: [],
      labels: {},
      requiredCapabilities: [],
      parentTaskId: null,
      assignedTo: null,
      createdBy: caller.actorId,
      deadline: null,
      runAt: null,
      openBlockers: 0,
      maxAttempts: 3,
      attempt: 0,
      epoch: 0,
      startedAt: null,
      progress: 0,
      result: null,
      version: 1,
    });
  });

  it('keeps every field that was sent, in the columns of its row [S19] [S20]', async () => {
    const { http, agent, task, rows } = await given.tenant();
    const parent = await task();
    const ada = await agent('ada');
    const sent = {
      ...aTask(),
      description: 'Long ago\nin "Łódź" \\ 🦊 \u202E',
      parameters: { deep: [{ a: 1.5, b: null }, 'x'], ü: true },
      priority: 'critical',
      requiredCapabilities: ['sql', 'go', 'SQL'],
      tags: ['red', 'red', 'a,b'],
      labels: { team: 'blue' },
      parentTaskId: parent.id,
      runAt: '2026-01-02T03:04:05.678+02:00',
      deadline: '2031-01-02T03:04:05Z',
      maxAttempts: 7,
      externalRef: 'JIRA-1',
      assignedTo: ada.id,
    };

    const { status, body } = await http.post<{ id: string }>('/v1/tasks', sent);

    expect(status).toBe(201);
    const kept = {
      ...sent,
      status: 'assigned',
      requiredCapabilities: ['go', 'sql'],
      tags: ['red', 'a,b'],
      runAt: '2026-01-02T01:04:05.678Z',
      deadline: '2031-01-02T03:04:05.000Z',
    };
    expect(body).toMatchObject(kept);
    expect((await http.get(`/v1/tasks/${body.id}`)).body).toEqual(body);
    const columns = `id, tenant_id, type, status, priority, title, description, parameters, assigned_to, delegated_from,
      parent_task_id, created_by, started_at, deadline`;
    const [row] = await rows(`SELECT ${columns} FROM tasks WHERE tenant_id = $1 AND id = $2`, body.id);
    expect(row).toMatchObject({ priority: 0, delegated_from: null, started_at: null, parameters: sent.parameters });
  });

  it('gives created and updated the same time, by the clock of the database [S21]', async () => {
    const { task } = await given.tenant();
    const { createdAt, updatedAt, readyAt } = await task();

    expect(updatedAt).toEqual(createdAt);
    expect(readyAt).toEqual(createdAt);
    expect(Math.abs(createdAt.getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('makes an id when none is given, and keeps one that is [S22]', async () => {
    const { task, get } = await given.tenant();
    const id = uuidv7();

    expect((await task()).id).toMatch(UUID_V7);
    expect((await task({ id })).id).toBe(id);
    expect((await get(id)).title).toBe(aTask().title);
    await expect(task({ id })).rejects.toMatchObject({ code: 'already_exists' });
  });

  it('is not there without its event', async () => {
    const { task, rows, workspace } = await given.tenant();
    await rows('DELETE FROM feeds WHERE tenant_id = $1 AND id = $2', workspace.id);

    await expect(task()).rejects.toMatchObject({ kind: 'invalid' });
    expect(await rows('SELECT 1 FROM tasks WHERE tenant_id = $1')).toEqual([]);
  });

  it('merges concurrent creations into few statements, each answered with its own task or refusal [S101]', async () => {
    const { task, events } = await given.tenant();
    const unknown = uuidv7();

    const results = await Promise.allSettled(
      Array.from({ length: 200 }, (_, n) =>
        task({ title: `Task ${n}`, ...(n % 50 === 7 && { dependsOn: [{ taskId: unknown }] }) }),
      ),
    );

    expect(outcomes(results)).toEqual(
      Array.from({ length: 200 }, (_, n) => (n % 50 === 7 ? 'not_found' : 'fulfilled')),
    );
    results.forEach((result, n) => {
      if (result.status === 'fulfilled') expect(result.value.title).toBe(`Task ${n}`);
    });
    expect((await events.all()).map((event) => event.type)).toEqual([
      'workspace.created',
      ...Array<string>(196).fill('task.created'),
    ]);
  });

  it('puts it into the workspace that is named, and refuses one that is unknown or takes no work', async () => {
    const { http } = await given.tenant();
    const { body: lab } = await http.post<{ id: string }>('/v1/workspaces', { name: 'lab' });
    const inLab = () => http.post('/v1/tasks', aTask({ workspaceId: lab.id }));

    expect((await inLab()).body).toMatchObject({ workspaceId: lab.id });
    expect(await http.post('/v1/tasks', aTask({ workspaceId: uuidv7() }))).toMatchObject({ status: 404 });
    await http.patch(`/v1/workspaces/${lab.id}`, { status: 'archived' }, { headers: { 'if-match': '"1"' } });
    expect(await inLab()).toMatchObject({ status: 409, body: { code: 'workspace_not_active' } });
  });

  it.each<[string, (id: string, known: string) => object]>([
    ['dependsOn[2].taskId', (taskId, known) => ({ dependsOn: [{ taskId: known }, { taskId: known, kind: 'related' }, { taskId }] })], // prettier-ignore
    ['parentTaskId', (parentTaskId) => ({ parentTaskId })],
    ['assignedTo', (assignedTo) => ({ assignedTo })],
    ['workspaceId', (workspaceId) => ({ workspaceId })],
  ])('refuses what does not exist with 404, the field %s and the rule, and makes nothing', async (field, naming) => {
    const { http, rows, task } = await given.tenant();
    const id = uuidv7();
    const { id: known } = await task();

    const { status, body } = await http.post('/v1/tasks', { ...aTask(), ...naming(id, known) });

    expect({ status, body }).toMatchObject({ status: 404, body: { code: 'not_found', id, field, rule: 'exists' } });
    expect(await rows('SELECT 1 FROM tasks WHERE tenant_id = $1')).toHaveLength(1);
    expect(await rows('SELECT 1 FROM task_edges WHERE tenant_id = $1')).toEqual([]);
  });

  it('is done once for all repeats with one Idempotency-Key', async () => {
    const { http, rows } = await given.tenant();
    const send = () => http.post('/v1/tasks', aTask(), { headers: { 'idempotency-key': 'once' } });

    const answers = [await send(), await send(), await send()];

    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(await rows('SELECT 1 FROM tasks WHERE tenant_id = $1')).toHaveLength(1);
  });

  it('takes ids in any case', async () => {
    const { http, task, agent } = await given.tenant();
    const blocker = await task();
    const ada = await agent('ada');
    const { body } = await http.post<{ id: string }>('/v1/tasks', {
      ...aTask(),
      dependsOn: [{ taskId: blocker.id.toUpperCase() }, { taskId: blocker.id }],
      assignedTo: ada.id.toUpperCase(),
    });

    expect(body).toMatchObject({ openBlockers: 1, assignedTo: ada.id });
    const { body: found } = await http.post('/v1/tasks/get', { ids: [body.id.toUpperCase()] });
    expect(found).toMatchObject({ items: [{ id: body.id }], missing: [] });
  });
});
