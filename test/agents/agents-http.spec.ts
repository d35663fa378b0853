import { randomUUID } from 'node:crypto';
import { type AggregatesApp, startAggregatesApp } from '../support/aggregates-app.js';
import { type Call, type Customer, json } from '../support/auth-app.js';

describe('/v1/agents', () => {
  let app: AggregatesApp;
  let ada: Customer;
  beforeAll(async () => (app = await startAggregatesApp()));
  beforeEach(async () => (ada = await app.customer()));
  afterAll(() => app.stop());

  const call = (path: string, more: Call = {}) => app.call(`/v1/agents${path}`, { key: ada.key, ...more });
  const register = (body: unknown, more: Call = {}) => call('', { method: 'POST', body, ...more });

  it('registers, with 201 the first time and 200 for the same name again', async () => {
    const first = await register({ name: 'ada', capabilities: ['SQL'], capacity: 2 });
    const again = await register({ name: 'ada', capacity: 3 });
    const agent = await json(first);

    expect([first.status, again.status]).toEqual([201, 200]);
    expect(first.headers.get('etag')).toBe('"1"');
    expect(agent).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/) as unknown,
      name: 'ada',
      kind: 'agent',
      status: 'active',
      capabilities: ['sql'],
      capacity: 2,
      labels: {},
      lastSeenAt: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
      createdAt: agent.createdAt,
      updatedAt: agent.createdAt,
      version: 1,
    });
    expect(await json(again)).toMatchObject({ id: agent.id, capacity: 3, version: 2 });
  });

  it('answers a repeated registration with the first answer, byte by byte', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await register({ name: 'ada' }, { headers });
    await call(`/${String((await json(first.clone())).id)}/status`, { method: 'POST', body: { status: 'draining' } });
    const repeat = await register({ name: 'ada' }, { headers });

    expect(repeat.status).toBe(201);
    expect(repeat.headers.get('etag')).toBe('"1"');
    expect(await repeat.text()).toBe(await first.text());
  });

  it.each([
    [{}, 'name', 'isDefined'],
    [{ name: '' }, 'name', 'isLength'],
    [{ name: ' ada' }, 'name', 'matches'],
    [{ name: 'a'.repeat(201) }, 'name', 'isLength'],
    [{ name: 'ada', kind: 'robot' }, 'kind', 'isIn'],
    [{ name: 'ada', kind: null }, 'kind', 'isIn'],
    [{ name: 'ada', status: 'active' }, 'status', 'isKnown'],
    [{ name: 'ada', capacity: 0 }, 'capacity', 'min'],
    [{ name: 'ada', capacity: 1.5 }, 'capacity', 'isInt'],
    [{ name: 'ada', capabilities: 'sql' }, 'capabilities', 'isArray'],
    [{ name: 'ada', capabilities: ['sql', ' '] }, 'capabilities', 'matches'],
    [{ name: 'ada', capabilities: ['x'.repeat(65)] }, 'capabilities', 'maxLength'],
    [{ name: 'ada', capabilities: Array.from({ length: 65 }, String) }, 'capabilities', 'arrayMaxSize'],
    [{ name: 'ada', labels: { a: 1 } }, 'labels', 'isLabels'],
    [{ name: 'a\0b' }, 'name', 'noNul'],
  ])('refuses %j, naming %s and %s', async (body, field, rule) => {
    const refusal = await register(body);

    expect(refusal.status).toBe(400);
    expect((await json(refusal)).errors).toContainEqual(expect.objectContaining({ field, rule }));
  });

  it('reads with a tag, and answers 304 to who has it', async () => {
    const { id } = await json(register({ name: 'ada' }));
    const read = await call(`/${String(id)}`);
    const known = await call(`/${String(id)}`, { headers: { 'if-none-match': read.headers.get('etag') ?? '' } });

    expect([read.status, known.status]).toEqual([200, 304]);
    expect(await known.text()).toBe('');
    expect((await call(`/${String(id).toUpperCase()}`)).status).toBe(200);
  });

  it('changes by version: 428 without, 412 when stale with the current one [S58]', async () => {
    const { id } = await json(register({ name: 'ada' }));
    const patch = (headers: Record<string, string>) =>
      call(`/${String(id)}`, { method: 'PATCH', body: { capacity: 5 }, headers });

    const changed = await patch({ 'if-match': '"1"' });
    const stale = await patch({ 'if-match': '"1"' });

    expect((await patch({})).status).toBe(428);
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).toBe('"2"');
    expect(stale.status).toBe(412);
    expect(await json(stale)).toMatchObject({ code: 'stale_version', givenVersion: 1, currentVersion: 2 });
  });

  it('changes the status by the table: 409 names what is allowed', async () => {
    const { id } = await json(register({ name: 'ada' }));
    const become = (status: string) => call(`/${String(id)}/status`, { method: 'POST', body: { status } });

    expect(await json(become('draining'))).toMatchObject({ status: 'draining', version: 2 });
    const refusal = await become('maintenance');

    expect(refusal.status).toBe(409);
    expect(await json(refusal)).toMatchObject({
      code: 'invalid_transition',
      agentStatus: 'draining',
      allowed: ['inactive', 'active', 'error', 'offline'],
    });
    expect((await become('asleep')).status).toBe(400);
  });

  it('takes heartbeats and deletions', async () => {
    const { id } = await json(register({ name: 'ada' }));
    const beat = await call(`/${String(id)}/heartbeat`, { method: 'POST' });
    const gone = await call(`/${String(id)}`, { method: 'DELETE' });

    expect(beat.status).toBe(200);
    expect(await json(beat)).toEqual({ id, status: 'active', lastSeenAt: expect.any(String) as unknown });
    expect(gone.status).toBe(204);
    expect((await call(`/${String(id)}`)).status).toBe(404);
  });

  it('lists pages, and refuses an unknown sort or filter with the allowed ones', async () => {
    for (const name of ['one', 'two', 'three']) await register({ name, capabilities: ['sql', name] });

    const page = await json(call('?limit=2&sort=-name&capabilities=sql'));
    const next = await json(call(`?limit=2&sort=-name&capabilities=sql&after=${String(page.nextCursor)}`));

    expect((page.items as { name: string }[]).map(({ name }) => name)).toEqual(['two', 'three']);
    expect(next).toMatchObject({ items: [{ name: 'one' }], hasMore: false, nextCursor: null });
    expect((await json(call('?sort=status'))).detail).toContain('createdAt');
    expect((await json(call('?status=busy'))).detail).toContain('draining');
    expect((await call(`?sort=name&after=${String(page.nextCursor)}`)).status).toBe(400);
  });

  it('asks for the scope of the route', async () => {
    const { secret } = await app.keyFor(ada, ['agents:read']);
    const reader = { key: secret };

    expect((await call('', reader)).status).toBe(200);
    expect((await register({ name: 'ada' }, reader)).status).toBe(403);
    expect((await app.call('/v1/agents')).status).toBe(401);
  });

  it('hides an agent from other tenants on every route', async () => {
    const { id } = await json(register({ name: 'ada' }));
    const { key } = await app.customer();
    const body = { status: 'draining' };

    const answers = await Promise.all([
      call(`/${String(id)}`, { key }),
      call(`/${String(id)}`, { key, method: 'PATCH', body: { capacity: 1 }, headers: { 'if-match': '"1"' } }),
      call(`/${String(id)}`, { key, method: 'DELETE' }),
      call(`/${String(id)}/heartbeat`, { key, method: 'POST' }),
      call(`/${String(id)}/status`, { key, method: 'POST', body }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    expect(await json(call(`/${String(id)}`))).toMatchObject({ version: 1, status: 'active' });
  });
});
