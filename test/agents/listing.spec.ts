import type { AgentStatus, ListAgents } from '../../src/agents/index.js';
import { type AggregatesApp, startAggregatesApp } from '../support/aggregates-app.js';
import type { Customer } from '../support/auth-app.js';

describe('listing agents', () => {
  let app: AggregatesApp;
  let ada: Customer;
  beforeAll(async () => {
    app = await startAggregatesApp();
    ada = await app.customer();
    const bob = await app.customer();
    await app.agents.register(bob.admin, { name: 'of another tenant', capabilities: ['sql'] });

    await given('echo', { capabilities: ['sql', 'go'] });
    await given('alpha', { capabilities: ['sql'], kind: 'human' });
    await given('delta', { capabilities: ['go', 'rust'], status: 'draining' });
    await given('charlie', { kind: 'service', status: 'offline' });
    await given('bravo', { capabilities: ['sql', 'rust', 'go'] });
  });
  afterAll(() => app.stop());

  async function given(
    name: string,
    more: { capabilities?: string[]; kind?: 'human' | 'service'; status?: AgentStatus },
  ): Promise<void> {
    const { status, ...fields } = more;
    const { agent } = await app.agents.register(ada.admin, { name, ...fields });
    if (status) await app.agents.changeStatus(ada.admin, agent.id, status);
  }
  const names = async (query: Partial<ListAgents>) =>
    (await app.agents.list(ada.admin, query)).items.map(({ name }) => name);

  it('gives the tenant its own, oldest first [S35]', async () => {
    expect(await names({})).toEqual(['echo', 'alpha', 'delta', 'charlie', 'bravo']);
  });

  it.each<[Partial<ListAgents>, string[]]>([
    [{ status: ['active'] }, ['echo', 'alpha', 'bravo']],
    [{ status: ['draining', 'offline'] }, ['delta', 'charlie']],
    [{ status: [] }, []],
    [{ kind: ['human', 'service'] }, ['alpha', 'charlie']],
    [{ capabilities: ['Go', 'sql'] }, ['echo', 'bravo']],
    [{ capabilities: ['rust'], status: ['active'] }, ['bravo']],
    [{ capabilities: ['cobol'] }, []],
    [{ name: 'delta' }, ['delta']],
    [{ name: "'; DROP TABLE agents; --" }, []],
  ])('filters by %j', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  it('sorts by what is known, and by creation otherwise [S40][S41]', async () => {
    expect(await names({ sort: 'name' })).toEqual(['alpha', 'bravo', 'charlie', 'delta', 'echo']);
    expect(await names({ sort: '-name' })).toEqual(['echo', 'delta', 'charlie', 'bravo', 'alpha']);
    expect(await names({ sort: '-createdAt' })).toEqual(['bravo', 'charlie', 'delta', 'alpha', 'echo']);
    expect(await names({ sort: 'status; DROP TABLE agents' })).toEqual(await names({ sort: 'createdAt' }));
  });

  it.each(['createdAt', '-createdAt', 'updatedAt', 'name', '-name'])(
    'pages through all by %s, none twice',
    async (sort) => {
      const seen: string[] = [];
      let after: string | undefined;
      for (let more = true; more;) {
        const page = await app.agents.list(ada.admin, { sort, limit: 2, after });
        seen.push(...page.items.map(({ name }) => name));
        expect(page.hasMore).toBe(page.nextCursor !== null);
        after = page.nextCursor ?? undefined;
        more = page.hasMore;
      }
      expect(seen).toEqual(await names({ sort }));
    },
  );
});
