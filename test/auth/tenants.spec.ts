import { DEFAULT_TENANT, TenantsService } from '../../src/shared/auth/index.js';
import { AlreadyExists, InvalidInput, NotFound } from '../../src/shared/errors/index.js';
import { type AuthApp, startAuthApp } from '../support/auth-app.js';
import { query, scratchDatabase } from '../support/database.js';

describe('tenants', () => {
  let database: string;
  let nodes: AuthApp[];
  let tenants: TenantsService;

  beforeAll(async () => {
    database = await scratchDatabase();
    nodes = await Promise.all([startAuthApp({ database }), startAuthApp({ database })]);
    tenants = nodes[0]?.get(TenantsService) as TenantsService;
  });
  afterAll(() => Promise.all(nodes.map((node) => node.stop())));

  it('are made once, however many nodes start at the same time', async () => {
    const services = nodes.map((node) => node.get(TenantsService));
    const made = await Promise.all(Array.from({ length: 20 }, (_, i) => services[i % 2]?.ensureDefault()));

    expect(new Set(made.map((tenant) => tenant?.id)).size).toBe(1);
    expect(await query(database, 'SELECT id FROM tenants WHERE name = $1', [DEFAULT_TENANT])).toHaveLength(1);
  });

  it('have a feed of events from their beginning', async () => {
    const tenant = await tenants.create('with a feed');
    expect(await query(database, 'SELECT id FROM feeds WHERE tenant_id = $1', [tenant.id])).toEqual([
      { id: tenant.id },
    ]);
  });

  it('have a name of their own, whoever asks first', async () => {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => tenants.create('acme')));
    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));

    expect(refusals).toHaveLength(19);
    for (const refusal of refusals) expect(refusal).toBeInstanceOf(AlreadyExists);
    expect(await query(database, 'SELECT 1 FROM tenants WHERE name = $1', ['acme'])).toHaveLength(1);
  });

  it('are found by id and by name', async () => {
    const tenant = await tenants.create('Globex 2');
    expect(await tenants.get(tenant.id)).toEqual(tenant);
    expect(await tenants.get('Globex 2')).toEqual(tenant);
    await expect(tenants.get('nobody')).rejects.toBeInstanceOf(NotFound);
    await expect(tenants.get('0199f6a0-0000-7000-8000-000000000000')).rejects.toBeInstanceOf(NotFound);
  });

  it.each(['', ' x', 'a\nb', 'a\0b', 'x'.repeat(101), '0199f6a0-0000-7000-8000-000000000000'])(
    'are not called %j',
    async (name) => {
      await expect(tenants.create(name)).rejects.toBeInstanceOf(InvalidInput);
    },
  );

  it('are listed page by page', async () => {
    for (const name of ['one', 'two', 'three']) await tenants.create(name);
    const all = await tenants.list();
    const pages = [];
    for (let after: string | undefined; ;) {
      const page = await tenants.list({ limit: 2, ...(after && { after }) });
      if (page.length === 0) break;
      pages.push(...page);
      after = page.at(-1)?.id;
    }
    expect(pages).toEqual(all);
    expect(all.length).toBeGreaterThan(3);
  });
});
