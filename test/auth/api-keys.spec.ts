import { randomUUID } from 'node:crypto';
import { ApiKeysService, ScopeNotHeld, TenantsService } from '../../src/shared/auth/index.js';
import { KeyUses } from '../../src/shared/auth/key-uses.js';
import { AlreadyExists, InvalidInput } from '../../src/shared/errors/index.js';
import { type AuthApp, type Customer, json, startAuthApp } from '../support/auth-app.js';
import { query, workerDatabase } from '../support/database.js';
import { until } from '../support/until.js';

describe('API keys', () => {
  let app: AuthApp;
  let other: AuthApp;
  let ada: Customer;

  beforeAll(async () => {
    [app, other] = await Promise.all([startAuthApp(), startAuthApp()]);
  });
  afterAll(() => Promise.all([app.stop(), other.stop()]));
  beforeEach(async () => {
    ada = await app.customer();
  });

  const create = (body: unknown, headers = {}) => app.call('/v1/keys', { key: ada.key, method: 'POST', body, headers });
  const works = async (secret: string, node = app) => (await node.call('/v1/keys', { key: secret })).status;

  it('are made over HTTP and work at once, on every node', async () => {
    const response = await create({
      name: 'deploy',
      scopes: ['admin'],
      actorId: 'bob',
      expiresAt: '2999-01-01T00:00:00Z',
    });
    expect(response.status).toBe(201);
    const key = await json(response);
    expect(key).toMatchObject({
      name: 'deploy',
      scopes: ['admin'],
      actorId: 'bob',
      createdBy: ada.tenantId,
      expiresAt: '2999-01-01T00:00:00.000Z',
      revokedAt: null,
      lastUsedAt: null,
      ending: String(key.secret).slice(-4),
    });
    expect(key.secret).toMatch(/^mst_[0-9A-Za-z]{46}$/);
    expect(await works(String(key.secret))).toBe(200);
    expect(await works(String(key.secret), other)).toBe(200);
  });

  it('leave no secret in the database, not even in the answer kept for repeats', async () => {
    const body = { name: 'deploy', scopes: ['read'] };
    const repeat = { 'idempotency-key': 'make-it-once' };
    const { secret } = await json(create(body, repeat));

    const tables = ['api_keys', 'api_key_lookup', 'audit_log', 'idempotency_keys'];
    for (const table of tables) {
      const rows = await query<{ row: string }>(workerDatabase(), `SELECT t::text AS row FROM ${table} t`);
      expect(rows.length).toBeGreaterThan(0);
      for (const text of [String(secret), ada.key]) expect(rows.filter(({ row }) => row.includes(text))).toEqual([]);
    }
  });

  it('are made once when the request is repeated, with the same secret in the answer', async () => {
    const repeat = { 'idempotency-key': 'make-it-once' };
    const first = await create({ name: 'deploy', scopes: ['read'] }, repeat);
    const second = await create({ scopes: ['read'], name: 'deploy' }, repeat);

    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await json(second)).toEqual(await json(first));
    expect((await json(app.call('/v1/keys', { key: ada.key }))).items).toHaveLength(2);
  });

  it('show a secret again only to the credentials that were given it', async () => {
    const repeat = { 'idempotency-key': 'make-it-once' };
    const { secret: colleague } = await app.keyFor(ada, ['admin'], { actorId: ada.tenantId });
    await create({ name: 'deploy', scopes: ['read'] }, repeat);

    const body = { name: 'deploy', scopes: ['read'] };
    const response = await app.call('/v1/keys', { key: colleague, method: 'POST', body, headers: repeat });
    expect(response.status).toBe(409);
    expect(await json(response)).toMatchObject({ code: 'secret_sealed' });
  });

  it.each([
    [{ scopes: ['read'] }, 'name'],
    [{ name: 'x' }, 'scopes'],
    [{ name: 'x', scopes: [] }, 'scopes'],
    [{ name: 'x', scopes: ['read', 'root'] }, 'scopes'],
    [{ name: 'x', scopes: ['read'], tenantId: randomUUID() }, 'tenantId'],
    [{ name: 'x', scopes: ['read'], expiresAt: '2001-01-01T00:00:00Z' }, 'expiresAt'],
    [{ name: 'x', scopes: ['read'], actorId: '' }, 'actorId'],
  ])('refuse %j, naming the field', async (body, field) => {
    const response = await create(body);
    expect(response.status).toBe(400);
    expect(await json(response)).toMatchObject({ errors: [expect.objectContaining({ field })] });
  });

  it('are refused everywhere within a second of their revocation', async () => {
    const { key, secret } = await app.keyFor(ada, ['admin']);
    for (const node of [app, other]) expect(await works(secret, node)).toBe(200);

    const response = await app.call(`/v1/keys/${key.id}`, { key: ada.key, method: 'DELETE' });
    expect(response.status).toBe(204);
    const revokedAt = performance.now();
    for (const node of [app, other]) await until(async () => (await works(secret, node)) === 401);

    expect(performance.now() - revokedAt).toBeLessThan(1_000);
    expect(await json(other.call('/v1/keys', { key: secret }))).toMatchObject({ code: 'credentials_revoked' });
  });

  it('keep the time of their first revocation', async () => {
    const { key } = await app.keyFor(ada, ['read']);
    const keys = app.get(ApiKeysService);
    const first = await keys.revoke(ada.admin, key.id);
    expect(await keys.revoke(ada.admin, key.id)).toEqual(first);
  });

  it('end when they expire', async () => {
    const { secret } = await app.keyFor(ada, ['admin'], { expiresAt: new Date(Date.now() + 400) });
    expect(await works(secret)).toBe(200);
    await until(async () => (await works(secret)) === 401);
    expect(await json(app.call('/v1/keys', { key: secret }))).toMatchObject({ code: 'credentials_expired' });
  });

  it('are listed newest first, page by page, without a secret', async () => {
    for (const name of ['one', 'two', 'three']) await app.keyFor(ada, ['read'], { name });
    const first = await json(app.call('/v1/keys?limit=3', { key: ada.key }));
    const second = await json(app.call(`/v1/keys?limit=3&after=${String(first.nextCursor)}`, { key: ada.key }));

    const items = [first.items, second.items].flat() as Record<string, unknown>[];
    expect(items.map(({ name }) => name)).toEqual(['three', 'two', 'one', 'admin']);
    expect([first.hasMore, second.hasMore, second.nextCursor]).toEqual([true, false, null]);
    for (const item of items)
      expect(Object.keys(item)).not.toEqual(expect.arrayContaining(['secret', 'hash', 'tenantId']));
  });

  it('of another tenant do not exist', async () => {
    const eve = await app.customer();
    const { key, secret } = await app.keyFor(ada, ['admin']);

    const response = await app.call(`/v1/keys/${key.id}`, { key: eve.key, method: 'DELETE' });
    expect(response.status).toBe(404);
    expect((await json(app.call('/v1/keys', { key: eve.key }))).items).toHaveLength(1);
    expect(await works(secret)).toBe(200);
  });

  it('cannot be given more than their maker may', async () => {
    const writer = { ...ada.admin, scopes: ['write'] as const };
    const keys = app.get(ApiKeysService);
    await expect(keys.create(writer, { name: 'x', scopes: ['read', 'admin'] })).rejects.toBeInstanceOf(ScopeNotHeld);
    expect((await keys.create(writer, { name: 'x', scopes: ['tasks:write'] })).key.scopes).toEqual(['tasks:write']);
  });

  it('remember when they were last used, in one statement for many requests', async () => {
    const { key, secret } = await app.keyFor(ada, ['admin']);
    const before = Date.now();
    await Promise.all(Array.from({ length: 50 }, () => works(secret)));

    const lastUse = async () =>
      (await app.get(ApiKeysService).list(ada.admin, { limit: 10 })).find(({ id }) => id === key.id)?.lastUsedAt;
    expect(await lastUse()).toBeNull();
    await app.get(KeyUses).flush();
    expect((await lastUse())?.getTime()).toBeGreaterThanOrEqual(before - 5);

    const noted = await lastUse();
    await app.get(KeyUses).flush();
    expect(await lastUse()).toEqual(noted);
  });
});

describe('the first admin key', () => {
  let nodes: AuthApp[];
  let tenantId: string;

  beforeAll(async () => {
    nodes = await Promise.all([startAuthApp(), startAuthApp()]);
  });
  afterAll(() => Promise.all(nodes.map((node) => node.stop())));
  beforeEach(async () => {
    tenantId = await newTenant();
  });

  const newTenant = async () =>
    (await (nodes[0] as AuthApp).get(TenantsService).create(`t-${randomUUID().slice(0, 18)}-test`)).id;
  const ensure = (preset?: string, node = 0) =>
    (nodes[node] as AuthApp).get(ApiKeysService).ensureAdminKey(tenantId, preset);
  const works = async (secret: string) => (await (nodes[0] as AuthApp).call('/v1/keys', { key: secret })).status;

  it('is one, however many nodes start at the same time', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, (_, i) => ensure(undefined, i % 2)));
    const secrets = made.flatMap(({ secret }) => secret ?? []);

    expect(secrets).toHaveLength(1);
    expect(made.filter(({ state }) => state === 'kept')).toHaveLength(19);
    expect(await works(secrets[0] ?? '')).toBe(200);
  });

  it('can be preset, also by many nodes at once', async () => {
    const preset = `preset-${randomUUID()}`;
    const made = await Promise.all(Array.from({ length: 10 }, (_, i) => ensure(preset, i % 2)));
    expect(made.filter(({ state }) => state === 'created')).toHaveLength(1);
    expect(await works(preset)).toBe(200);
  });

  it('is replaced by another preset, and the former stops working', async () => {
    const [former, preset] = [`former-${randomUUID()}`, `preset-${randomUUID()}`];
    await ensure(former);
    expect(await ensure(preset)).toMatchObject({ state: 'replaced' });
    expect([await works(preset), await works(former)]).toEqual([200, 401]);
  });

  it('stays revoked when the same preset comes again', async () => {
    const preset = `preset-${randomUUID()}`;
    const { key } = await ensure(preset);
    const admin = { tenantId, actorId: key.id, scopes: ['admin'] as const };
    await (nodes[0] as AuthApp).get(ApiKeysService).revoke(admin, key.id);

    expect(await ensure(preset)).toMatchObject({ state: 'revoked' });
    expect(await works(preset)).toBe(401);
  });

  it('is never a key of somebody else', async () => {
    const preset = `preset-${randomUUID()}`;
    await ensure(preset);
    tenantId = await newTenant();
    await expect(ensure(preset)).rejects.toBeInstanceOf(AlreadyExists);
    expect(await query(workerDatabase(), 'SELECT 1 FROM api_keys WHERE tenant_id = $1', [tenantId])).toEqual([]);
  });

  it.each(['short', 'with a blank inside', 'sixteen-and-more-ä', `mst_${'a'.repeat(46)}`])(
    'is not %j',
    async (preset) => {
      await expect(ensure(preset)).rejects.toBeInstanceOf(InvalidInput);
    },
  );
});
