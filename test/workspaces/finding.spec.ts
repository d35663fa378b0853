import type { Caller } from '../../src/shared/auth/index.js';
import { type ListWorkspaces, MembersService, WorkspacesService } from '../../src/workspaces/index.js';
import { query } from '../support/database.js';
import { startGiven } from '../support/given.js';
import { until } from '../support/until.js';

describe('workspaces are found', () => {
  const given = startGiven();

  async function scene() {
    const tenant = await given.tenant();
    const { tenantId } = tenant;
    const actor = (actorId: string): Caller => ({ tenantId, actorId, scopes: ['workspaces:write'] });
    const workspaces = given.node.get(WorkspacesService);
    const make = (by: string, name: string, more: { visibility?: 'public' | 'team'; description?: string } = {}) =>
      workspaces.create(actor(by), { name, ...more });
    const found = async (by: Caller, query: Partial<ListWorkspaces>): Promise<string[]> =>
      (await workspaces.list(by, { ...query, sort: 'name' })).items.map(({ name }) => name);
    return { ...tenant, actor, make, found };
  }

  it('by the beginnings of words of their name and description, as far as the caller may know of them', async () => {
    const { actor, make, found, caller } = await scene();
    await make('ada', 'build-lab_7', { visibility: 'public', description: "The robots' den" });
    await make('ada', 'Backlog', { description: 'what Labour wants; überprüft' });
    await make('bob', 'secret lab');
    await make('bob', 'हिन्दी कार्यशाला', { visibility: 'team' });
    const search = (by: string, words: string) => found(actor(by), { search: words });

    expect(await search('ada', 'lab')).toEqual(['Backlog', 'build-lab_7']);
    expect(await search('bob', 'LAB')).toEqual(['build-lab_7', 'secret lab']);
    expect(await search('eve', 'lab')).toEqual(['build-lab_7']);
    expect(await found(caller, { search: 'lab' })).toHaveLength(3);
    expect(await search('ada', 'lab robot')).toEqual(['build-lab_7']);
    expect(await search('ada', 'build-lab')).toEqual(['build-lab_7']);
    expect(await search('ada', 'Überp')).toEqual(['Backlog']);
    expect(await search('eve', 'हिन्दी')).toEqual(['हिन्दी कार्यशाला']);
    expect(await search('ada', 'og')).toEqual([]);
    expect(await search('ada', "lab' | ! & (x:*) \\")).toEqual([]);
    expect(await search('ada', '☃')).toEqual([]);
  });

  it('refuses a search without words, or a long one', async () => {
    const { http } = await scene();
    for (const search of ['', '%20', "'", '%26|!', 'x'.repeat(201)]) {
      expect(await http.get(`/v1/workspaces?search=${search}`)).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'search' }] },
      });
    }
    expect((await http.get('/v1/workspaces?activeSince=yesterday')).status).toBe(400);
  });

  it('by an index, where a tenant has many', async () => {
    const { rows, found, caller } = await scene();
    await rows(
      `INSERT INTO workspaces (tenant_id, id, name, visibility, created_by)
       SELECT $1, gen_random_uuid(), 'Place ' || n, 'team', 'ada' FROM generate_series(1, 5000) n`,
    );
    await rows(`UPDATE workspaces SET description = 'the needle' WHERE tenant_id = $1 AND name = 'Place 77'`);
    await query(given.node.databaseUrl, 'ANALYZE workspaces');
    const looks = async (): Promise<number> => {
      const [row] = await rows<{ n: string }>(
        `SELECT idx_scan AS n FROM pg_stat_user_indexes WHERE indexrelname = 'idx_workspaces_search' AND $1 <> ''`,
      );
      return Number(row?.n);
    };
    const before = await looks();
    // What a connection did is counted a little later.
    await until(async () => {
      expect(await found(caller, { search: 'needle' })).toEqual(['Place 77']);
      return (await looks()) > before;
    });
  });

  it('by owner, by member or agent, and as public ones, of those the caller may know of', async () => {
    const { actor, make, found, agent } = await scene();
    const robot = await agent('robot');
    const lab = await make('ada', 'lab');
    await make('ada', 'open', { visibility: 'public' });
    const yard = await make('bob', 'yard', { visibility: 'team' });
    const members = given.node.get(MembersService);
    await members.add(actor('ada'), lab.id, { memberId: robot.id, role: 'editor' });
    await members.add(actor('bob'), yard.id, { memberId: robot.id, role: 'viewer' });
    await members.add(actor('bob'), yard.id, { memberId: 'ada', role: 'owner', kind: 'human' });

    expect(await found(actor('ada'), { owner: 'ada' })).toEqual(['lab', 'open', 'yard']);
    expect(await found(actor('bob'), { owner: 'ada' })).toEqual(['open', 'yard']);
    expect(await found(actor('ada'), { owner: robot.id })).toEqual([]);
    expect(await found(actor(robot.id), { member: robot.id })).toEqual(['lab', 'yard']);
    expect(await found(actor('bob'), { member: robot.id })).toEqual(['yard']);
    expect(await found(actor('eve'), { visibility: ['public'] })).toEqual(['open']);
    expect(await found(actor('ada'), { owner: 'ada', visibility: ['team'], search: 'yard' })).toEqual(['yard']);
  });

  it('by their being active since a time', async () => {
    const { actor, make, found, rows } = await scene();
    const [old, recorded, written] = [
      await make('ada', 'old'),
      await make('ada', 'recorded'),
      await make('ada', 'written'),
    ];
    await rows(`UPDATE workspace_members SET last_activity_at = now() - interval '3 hours' WHERE tenant_id = $1`);
    await rows(
      `INSERT INTO workspace_activity (tenant_id, workspace_id, id, type, actor_id, at) VALUES
         ($1, $2::uuid, gen_random_uuid(), 'x', 'ada', now() - interval '2 hours'),
         ($1, $3::uuid, gen_random_uuid(), 'x', 'ada', now() - interval '10 minutes')`,
      old.id,
      recorded.id,
    );
    await rows(
      `UPDATE workspace_members SET last_activity_at = now() WHERE tenant_id = $1 AND workspace_id = $2`,
      written.id,
    );
    const since = (minutes: number) => found(actor('ada'), { activeSince: new Date(Date.now() - minutes * 60_000) });
    expect(await since(60)).toEqual(['recorded', 'written']);
    expect(await since(150)).toEqual(['old', 'recorded', 'written']);
    expect(await since(-60)).toEqual([]);
  });
});
