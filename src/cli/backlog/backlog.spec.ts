import type { JsonObject } from '../../shared/errors/index.js';
import { Backlog, MAX_ITEMS } from './backlog.js';

const item = (id: string, more: JsonObject = {}): JsonObject => ({ id, title: `About ${id}`, status: 'open', ...more });

function read(...lines: (JsonObject | string)[]): Backlog {
  const backlog = new Backlog();
  for (const line of lines) backlog.add(typeof line === 'string' ? line : JSON.stringify(line));
  return backlog;
}

describe('Backlog', () => {
  it('makes a task of an item and loses nothing of it', () => {
    const backlog = read(
      item('bd-1', {
        description: 'Long.',
        status: 'hooked',
        priority: 0,
        issue_type: 'bug',
        labels: ['ui', 'gh:788'],
        assignee: 'wolf',
        created_at: '2026-01-09T18:37:54.930136-08:00',
        updated_at: '2026-01-10T00:00:00Z',
        close_reason: 'why',
        notes: 'unheard of',
      }),
    );
    expect(backlog.problems).toEqual([]);
    expect(backlog.tasks('w').tasks).toEqual([
      {
        ref: 'bd-1',
        externalRef: 'bd-1',
        workspaceId: 'w',
        title: 'About bd-1',
        description: 'Long.',
        status: 'pending',
        priority: 'critical',
        type: 'bug',
        tags: ['ui', 'gh:788'],
        labels: { assignee: 'wolf' },
        createdAt: '2026-01-09T18:37:54.930136-08:00',
        parameters: { status: 'hooked', updated_at: '2026-01-10T00:00:00Z', close_reason: 'why', notes: 'unheard of' },
      },
    ]);
  });

  it('takes closed for completed, with its time', () => {
    const [task] = read(item('a', { status: 'closed', closed_at: '2026-01-01T00:00:00Z' })).tasks('w').tasks;
    expect(task).toMatchObject({ status: 'completed', completedAt: '2026-01-01T00:00:00Z', parameters: {} });
  });

  it.each([0, 1, 2, 3, 4])('maps priority %s', (priority) => {
    const names = ['critical', 'high', 'normal', 'low', 'backlog'];
    expect(read(item('a', { priority })).tasks('w').tasks[0]?.priority).toBe(names[priority]);
  });

  it('maps the kinds of edges, each once, and the parent', () => {
    const on = (type: string, depends_on = 'a') => ({ depends_on, type });
    const dependencies = [on('blocks'), on('blocks'), on('discovered-from'), on('related'), on('relates-to'), on('parent-child')]; // prettier-ignore
    const { tasks, edges, unknownEdges } = read(item('a'), item('b', { dependencies })).tasks('w');
    expect(tasks[1]).toMatchObject({
      parentRef: 'a',
      dependsOn: [
        { ref: 'a', kind: 'blocks' },
        { ref: 'a', kind: 'discovered_from' },
        { ref: 'a', kind: 'related' },
      ],
    });
    expect(edges).toEqual({ blocks: 1, discovered_from: 1, related: 1, parent_child: 1 });
    expect(unknownEdges).toEqual([]);
  });

  it('keeps a second parent as an edge', () => {
    const dependencies = ['a', 'b'].map((depends_on) => ({ depends_on, type: 'parent-child' }));
    const { tasks, edges } = read(item('a'), item('b'), item('c', { dependencies })).tasks('w');
    expect(tasks[2]).toMatchObject({ parentRef: 'a', dependsOn: [{ ref: 'b', kind: 'parent_child' }] });
    expect(edges).toEqual({ parent_child: 2 });
  });

  it('reports edges to items that are not there, and takes those that come later', () => {
    const dependencies = [
      { depends_on: 'later', type: 'blocks' },
      { depends_on: 'gone', type: 'parent-child' },
    ];
    const { tasks, unknownEdges } = read('', item('a', { dependencies }), item('later')).tasks('w');
    expect(tasks[0]?.dependsOn).toEqual([{ ref: 'later', kind: 'blocks' }]);
    expect(tasks[0]?.parentRef).toBeUndefined();
    expect(unknownEdges).toEqual([{ line: 2, id: 'a', dependsOn: 'gone', type: 'parent-child' }]);
  });

  it.each<[string, JsonObject | string, RegExp]>([
    ['broken JSON', '{"id":', /^it is not valid JSON$/],
    ['a list', '[]', /^it is not a JSON object$/],
    ['no id', { title: 't', status: 'open' }, /^id must be a text/],
    ['no title', { id: 'x', status: 'open' }, /^title must be a text/],
    ['an unknown status', item('x', { status: 'wontfix' }), /^status must be one of open, .*, not "wontfix"$/],
    ['a status like a method', item('x', { status: 'toString' }), /^status must be one of/],
    ['a priority above 4', item('x', { priority: 5 }), /^priority must be a whole number from 0 to 4, not 5$/],
    ['a priority in words', item('x', { priority: 'P1' }), /^priority must be/],
    ['a half priority', item('x', { priority: 1.5 }), /^priority must be/],
    ['labels that are no list', item('x', { labels: 'ui' }), /^labels must be a list$/],
    [
      'an unknown kind of edge',
      item('x', { dependencies: [{ depends_on: 'a', type: 'likes' }] }),
      /^type of a dependency/,
    ],
    ['an edge to nothing', item('x', { dependencies: [{ type: 'blocks' }] }), /^depends_on of a dependency must be/],
    ['an id that was there', item('a'), /^id a stands in line 1 too$/],
  ])('refuses %s with its line', (_, line, message) => {
    const { problems } = read(item('a'), line, item('b'));
    expect(problems).toEqual([{ line: 2, message: expect.stringMatching(message) as string }]);
  });

  it('stops after twenty bad lines', () => {
    const backlog = new Backlog();
    let added = 1;
    while (backlog.add('nonsense')) added += 1;
    expect([added, backlog.problems.length]).toEqual([20, 20]);
  });

  it('stops above the limit of one import', () => {
    const backlog = new Backlog();
    for (let n = 0; n < MAX_ITEMS; n += 1) backlog.add(`{"id":"${n}","title":"t","status":"open"}`);
    expect([backlog.size, backlog.problems]).toEqual([MAX_ITEMS, []]);
    expect(backlog.add('{"id":"one more","title":"t","status":"open"}')).toBe(false);
    expect(backlog.problems).toEqual([
      { line: MAX_ITEMS + 1, message: expect.stringContaining('at most 50000') as string },
    ]);
  });

  it('knows the line of each item', () => {
    const backlog = read('', item('a'), '', item('b'));
    expect([backlog.lineOf(0), backlog.lineOf(1), backlog.lineOf(2), backlog.lineOf(Number.NaN)]).toEqual([2, 4, undefined, undefined]); // prettier-ignore
  });
});
