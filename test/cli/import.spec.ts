import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cliOf } from '../support/cli.js';
import { describeWithData } from '../support/data.js';
import { startGiven } from '../support/given.js';

interface Summary {
  items: number;
  repeated: boolean;
  byStatus: Record<string, number>;
  edges: Record<string, number>;
  unknownEdges: { line: number; id: string; dependsOn: string; type: string }[];
}

describe('import', () => {
  const given = startGiven();
  const folder = mkdtempSync(join(tmpdir(), 'muster-import-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const fileOf = (...lines: (object | string)[]): string => {
    const file = join(folder, `${Math.random()}.jsonl`);
    writeFileSync(file, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
    return file;
  };
  const item = (id: string, more: object = {}) => ({ id, title: `About ${id}`, status: 'open', ...more });

  /** How many tasks the tenant has. */
  async function tasksOf(tenant: Awaited<ReturnType<typeof given.tenant>>): Promise<number> {
    const [row] = await tenant.rows<{ n: number }>('SELECT count(*)::int AS n FROM tasks WHERE tenant_id = $1');
    return row?.n ?? -1;
  }

  describeWithData('of the real backlog', 'backlog.jsonl', (backlog) => {
    it('makes all its items and edges, reports the three that lead nowhere, and changes nothing when repeated', async () => {
      const tenant = await given.tenant();
      const cli = cliOf(tenant);

      const first = (await cli('import', backlog)).json<Summary>();
      expect(first).toMatchObject({
        items: 2657,
        repeated: false,
        byStatus: { completed: 2318, pending: 339 },
        edges: { blocks: 518, parent_child: 536, discovered_from: 69, related: 9 },
      });
      expect(first.unknownEdges).toEqual([
        { line: 581, id: 'bd-7bs4.1', dependsOn: 'bd-7bs4', type: 'parent-child' },
        { line: 650, id: 'bd-879d', dependsOn: 'bd-d3e5', type: 'discovered-from' },
        { line: 2606, id: 'bd-yyxi', dependsOn: 'bd-eph-5h2', type: 'parent-child' },
      ]);

      const again = (await cli('import', backlog)).json<Summary>();
      expect(again).toEqual({ ...first, repeated: true });
      expect(await tasksOf(tenant)).toBe(2657);
      const edges = await tenant.rows(
        'SELECT kind, count(*)::int AS n FROM task_edges WHERE tenant_id = $1 GROUP BY 1',
      );
      expect(edges).toHaveLength(4);
      expect(edges).toEqual(expect.arrayContaining(Object.entries(first.edges).map(([kind, n]) => ({ kind, n }))));
      const blocked = await tenant.rows(
        `SELECT count(*)::int AS n FROM tasks WHERE tenant_id = $1 AND status = 'pending' AND open_blockers > 0`,
      );
      expect(blocked).toEqual([{ n: 179 }]);
    });
  });

  it('keeps what an item says, where it belongs', async () => {
    const tenant = await given.tenant();
    const cli = cliOf(tenant);
    const closed = {
      status: 'closed',
      created_at: '2026-01-09T18:37:54.930136-08:00',
      closed_at: '2026-01-10T00:00:00Z',
    };
    const more = {
      priority: 1,
      issue_type: 'bug',
      labels: ['ui'],
      assignee: 'wolf',
      close_reason: 'done',
      description: 'd',
    };
    await cli('import', fileOf(item('a', { ...closed, ...more }), '', item('b', { status: 'hooked' })));

    const listed = (await cli('task', 'list', '--ref', 'a,b')).json<{ items: object[] }>();
    expect(listed.items).toMatchObject([
      {
        externalRef: 'a',
        status: 'completed',
        priority: 'high',
        type: 'bug',
        tags: ['ui'],
        labels: { assignee: 'wolf' },
        description: 'd',
        createdAt: '2026-01-10T02:37:54.930Z',
        completedAt: '2026-01-10T00:00:00.000Z',
        parameters: { close_reason: 'done' },
      },
      { externalRef: 'b', status: 'pending', priority: 'normal', parameters: { status: 'hooked' } },
    ]);
  });

  it('imports the same file once into each workspace', async () => {
    const tenant = await given.tenant();
    const cli = cliOf(tenant);
    await tenant.http.post('/v1/workspaces', { name: 'other' });
    const file = fileOf(item('a'));
    const runs = [
      await cli('import', file),
      await cli('import', file, '--workspace', 'other'),
      await cli('import', file),
    ];
    expect(runs.map((run) => run.json<Summary>().repeated)).toEqual([false, false, true]);
    expect(await tasksOf(tenant)).toBe(2);
  });

  it.each<[string, (object | string)[], { line: number; message: unknown }]>([
    ['a broken line', [item('a'), '{"id":'], { line: 2, message: 'it is not valid JSON' }],
    [
      'an unknown status',
      ['', item('a', { status: 'mended' })],
      { line: 2, message: expect.stringContaining('"mended"') },
    ],
    ['an item twice', [item('a'), item('a')], { line: 2, message: 'id a stands in line 1 too' }],
    [
      'what only the server refuses',
      [item('a'), '', item('b', { created_at: 'yesterday' })],
      { line: 3, message: expect.stringContaining('createdAt must be a time') },
    ],
  ])('creates nothing of a file with %s, and names the line', async (_, lines, expected) => {
    const tenant = await given.tenant();
    const { code, stdout, error } = await cliOf(tenant)('import', fileOf(...lines));
    expect([code, stdout, error().code, error().lines]).toEqual([1, '', 'invalid_file', [expected]]);
    expect(await tasksOf(tenant)).toBe(0);
  });

  it('creates nothing of items that wait for each other', async () => {
    const tenant = await given.tenant();
    const on = (depends_on: string) => ({ dependencies: [{ depends_on, type: 'blocks' }] });
    const { code, error } = await cliOf(tenant)('import', fileOf(item('a', on('b')), item('b', on('a'))));
    expect([code, error().code]).toEqual([1, 'dependency_cycle']);
    expect(await tasksOf(tenant)).toBe(0);
  });

  it('refuses a file that is not there, a folder, and one that is not UTF-8', async () => {
    const cli = cliOf(await given.tenant());
    const latin1 = join(folder, 'latin1.jsonl');
    writeFileSync(latin1, Buffer.from([0x7b, 0xe9, 0x7d]));
    const runs = [await cli('import', join(folder, 'none')), await cli('import', folder), await cli('import', latin1)];
    expect(runs.map(({ code, error }) => [code, error().detail])).toEqual([
      [2, expect.stringContaining('(ENOENT)')],
      [2, expect.stringContaining('(EISDIR)')],
      [2, expect.stringContaining('(ERR_ENCODING_INVALID_ENCODED_DATA)')],
    ]);
  });

  it('does nothing with an empty file', async () => {
    const { code, json } = await cliOf(await given.tenant())('import', fileOf(''));
    expect([code, json<Summary>().items]).toEqual([0, 0]);
  });
});
