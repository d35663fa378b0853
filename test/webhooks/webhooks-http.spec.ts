import { randomUUID } from 'node:crypto';
import { eventCatalogue } from '../../src/shared/events/index.js';
import { query } from '../support/database.js';
import { HttpClient } from '../support/http-client.js';
import { violations } from '../support/json-schema.js';
import { type EndpointBody, startEndpoints } from './endpoints.js';

interface Refusal {
  code: string;
  currentVersion?: number;
  required?: string;
  errors: { field: string; rule: string }[];
}

const KEY = 'k'.repeat(40);
const URL = 'https://example.com/hook?token=1';

describe('/v1/webhooks', () => {
  const { given, tenant } = startEndpoints({ MUSTER_WEBHOOKS_SECRET_KEYS: `${KEY},${'o'.repeat(40)}` });
  const ifMatch = (version: number) => ({ headers: { 'if-match': `"${version}"` } });

  it('registers, reads with a tag, changes by version, and removes [S58]', async () => {
    const ada = await tenant();
    const { status, headers, body } = await ada.register({ url: URL, description: 'mine', types: ['task.*'] });
    const { id, secret } = body;
    expect([status, headers.get('etag')]).toEqual([201, '"1"']);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const read = await ada.http.get<EndpointBody>(`/v1/webhooks/${id}`);
    expect(read.body).toEqual({ ...body, secret: undefined });
    expect(read.body).toMatchObject({ url: URL, workspaceId: null, subjects: [], ordered: false, enabled: true });

    const change = { ordered: true, description: null, enabled: false };
    const changed = await ada.http.patch<EndpointBody>(`/v1/webhooks/${id}`, change, ifMatch(1));
    const stale = await ada.http.patch<Refusal>(`/v1/webhooks/${id}`, change, ifMatch(1));
    const blind = await ada.http.patch<Refusal>(`/v1/webhooks/${id}`, change);
    expect(changed.body).toMatchObject({ ...change, disabledReason: 'request', version: 2 });
    expect([stale.status, stale.body.code, stale.body.currentVersion, blind.status]).toEqual([
      412,
      'stale_version',
      2,
      428,
    ]);

    await ada.http.post(`/v1/webhooks/${id}/rotate-secret`);
    expect((await ada.http.delete(`/v1/webhooks/${id}`)).status).toBe(204);
    expect((await ada.http.get(`/v1/webhooks/${id}`)).status).toBe(404);
    const { events } = (await ada.http.get<{ events: { type: string; data: object }[] }>('/v1/events?types=webhook.*'))
      .body;
    const schemas = new Map(eventCatalogue().map(({ type, data = {} }) => [type, data]));
    expect(events.flatMap(({ type, data }) => violations(schemas.get(type) ?? { enum: [] }, data))).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual([
      'webhook.created',
      'webhook.updated',
      'webhook.secret_rotated',
      'webhook.deleted',
    ]);
    expect(JSON.stringify(events)).not.toContain('token');
  });

  it('shows the secret once, repeats it to whoever repeats the request, and keeps it sealed', async () => {
    const ada = await tenant();
    const more = { headers: { 'idempotency-key': randomUUID() } };
    const first = await ada.http.post<EndpointBody>('/v1/webhooks', { url: URL }, more);
    const again = await ada.http.post<EndpointBody>('/v1/webhooks', { url: URL }, more);
    const stored = JSON.stringify([
      await ada.rows('SELECT secret FROM webhooks WHERE tenant_id = $1'),
      await ada.rows('SELECT body FROM idempotency_keys WHERE tenant_id = $1'),
    ]);

    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await ada.http.get<{ items: object[] }>('/v1/webhooks')).body.items).toHaveLength(1);
    expect(stored).toContain('sealed:');
    expect(stored).toContain(first.body.id);
    expect(stored).not.toContain(first.body.secret);
  });

  it('says in a test that the secret cannot be read when its key is gone', async () => {
    const ada = await tenant();
    const { body } = await ada.register({ url: URL });
    await query(given.node.databaseUrl, `UPDATE webhooks SET secret = 'sealed:' || repeat('A', 80) WHERE id = $1`, [
      body.id,
    ]);
    const { body: test } = await ada.http.post<{ error: string }>(`/v1/webhooks/${body.id}/test`);

    expect(test.error).toMatch(/^secret_unreadable: /);
  });

  it.each([
    [{}, 'url', 'isDefined'],
    [{ url: 1 }, 'url', 'isEndpoint'],
    [{ url: 'example.com' }, 'url', 'isEndpoint'],
    [{ url: 'ftp://example.com/' }, 'url', 'isEndpoint'],
    [{ url: 'file:///etc/passwd' }, 'url', 'isEndpoint'],
    [{ url: 'https://user:secret@example.com/' }, 'url', 'isEndpoint'],
    [{ url: 'https://example.com/#top' }, 'url', 'isEndpoint'],
    [{ url: `https://example.com/${'x'.repeat(2_048)}` }, 'url', 'isEndpoint'],
    [{ url: 'http://localhost:80:80/' }, 'url', 'isEndpoint'],
    [{ url: 'http://127.0.0.1/' }, 'url', 'isAllowedAddress'],
    [{ url: URL, types: ['Task'] }, 'types', 'matches'],
    [{ url: URL, types: 'task.*' }, 'types', 'isArray'],
    [{ url: URL, types: Array.from({ length: 51 }, () => 'task.*') }, 'types', 'arrayMaxSize'],
    [{ url: URL, subjects: ['x'] }, 'subjects', 'matches'],
    [{ url: URL, ordered: 'yes' }, 'ordered', 'isBoolean'],
    [{ url: URL, description: 'x'.repeat(1_001) }, 'description', 'maxLength'],
    [{ url: URL, workspaceId: 'x' }, 'workspaceId', 'isUuid'],
    [{ url: URL, secret: 'mine' }, 'secret', 'isKnown'],
  ])('refuses %j, naming %s and %s', async (body, field, rule) => {
    const refusal = await (await tenant()).http.post<Refusal>('/v1/webhooks', body);

    expect(refusal.status).toBe(400);
    expect(refusal.body.errors).toContainEqual(expect.objectContaining({ field, rule }));
  });

  it('refuses other bad input by field and rule', async () => {
    const ada = await tenant();
    const { body } = await ada.register({ url: URL });
    const path = `/v1/webhooks/${body.id}`;
    const tried = [
      ada.http.post<Refusal>(`${path}/rotate-secret`, { overlapSeconds: 604_801 }),
      ada.http.post<Refusal>(`${path}/redrive`, { since: 'yesterday' }),
      ada.http.get<Refusal>(`${path}/deliveries?status=lost`),
      ada.http.get<Refusal>(`${path}/deliveries?after=x`),
      ada.http.get<Refusal>('/v1/webhooks?enabled=maybe'),
      ada.http.patch<Refusal>(path, { url: 'http://10.0.0.1/' }, ifMatch(1)),
      ada.http.patch<Refusal>(path, {}, ifMatch(1)),
    ];
    const answers = await Promise.all(tried);

    expect(answers.map(({ status, body: { errors } }) => [status, errors[0]?.field, errors[0]?.rule])).toEqual([
      [400, 'overlapSeconds', 'max'],
      [400, 'since', 'isRfc3339'],
      [400, 'status', 'isIn'],
      [400, 'after', 'isCursor'],
      [400, 'enabled', 'isBoolean'],
      [400, 'url', 'isAllowedAddress'],
      [400, 'body', 'isNotEmpty'],
    ]);
  });

  it('lists in pages, by workspace and state', async () => {
    const ada = await tenant();
    for (const more of [{}, { workspaceId: ada.workspace.id }, { enabled: false }])
      await ada.register({ url: URL, ...more });
    const list = async (parameters: string) =>
      (await ada.http.get<{ items: EndpointBody[]; nextCursor: string }>(`/v1/webhooks?${parameters}`)).body;
    const page = await list('limit=2');
    const next = await list(`limit=2&after=${page.nextCursor}`);

    expect([page.items.length, next.items.length, next.nextCursor]).toEqual([2, 1, null]);
    expect((await list(`workspaceId=${ada.workspace.id}`)).items).toEqual([page.items[1]]);
    expect((await list('enabled=false')).items).toEqual(next.items);
  });

  it('asks for its scopes, and whoever makes one must be able to read events', async () => {
    const ada = await tenant();
    const { body } = await ada.register({ url: URL });
    const as = async (...scopes: Parameters<typeof ada.keyFor>) =>
      new HttpClient(given.node.url, await ada.keyFor(...scopes));
    const [reader, writer, both] = [
      await as('webhooks:read'),
      await as('webhooks:write'),
      await as('webhooks:write', 'events:read'),
    ];
    const refusal = await writer.post<Refusal>('/v1/webhooks', { url: URL });

    expect((await reader.get(`/v1/webhooks/${body.id}`)).status).toBe(200);
    expect((await reader.post('/v1/webhooks', { url: URL })).status).toBe(403);
    expect([refusal.status, refusal.body.code, refusal.body.required]).toEqual([403, 'missing_scope', 'events:read']);
    expect((await writer.patch(`/v1/webhooks/${body.id}`, { url: URL }, ifMatch(1))).status).toBe(403);
    expect((await both.post('/v1/webhooks', { url: URL, workspaceId: ada.workspace.id })).status).toBe(201);
    // One of the whole tenant hears private workspaces as well.
    const all = await both.post<Refusal>('/v1/webhooks', { url: URL });
    expect([all.status, all.body.required]).toEqual([403, 'admin']);
    expect((await both.patch(`/v1/webhooks/${body.id}`, { url: URL }, ifMatch(1))).status).toBe(403);
    expect((await both.post(`/v1/webhooks/${body.id}/rotate-secret`)).status).toBe(403);
  });

  it('knows no endpoint and no workspace of another tenant', async () => {
    const [ada, eve] = [await tenant(), await tenant()];
    // Disabled, so that nothing is sent that would change it.
    const { body } = await ada.register({ url: URL, enabled: false });
    const path = `/v1/webhooks/${body.id}`;
    const answers = await Promise.all([
      eve.http.get(path),
      eve.http.patch(path, { enabled: true }, ifMatch(1)),
      eve.http.delete(path),
      eve.http.post(`${path}/rotate-secret`),
      eve.http.post(`${path}/test`),
      eve.http.get(`${path}/deliveries`),
      eve.http.post(`${path}/redrive`),
      eve.http.post(`${path}/deliveries/${randomUUID()}/redrive`),
      ada.http.post(`${path}/deliveries/${randomUUID()}/redrive`),
      eve.register({ url: URL, workspaceId: ada.workspace.id }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual(Array.from(answers, () => 404));
    expect(await ada.get(body.id)).toEqual({ ...body, secret: undefined });
  });
});
