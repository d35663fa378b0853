import { cliOf, deadUrl, muster } from '../support/cli.js';
import { startGiven } from '../support/given.js';
import { until } from '../support/until.js';

interface Item {
  id: string;
}
interface Items {
  items: Item[];
  nextCursor: string | null;
}

describe('the command line', () => {
  const given = startGiven();

  it('registers, finds and keeps agents, by id or name', async () => {
    const cli = cliOf(await given.tenant());

    const ada = (
      await cli('agent', 'register', 'ada', '--capabilities', 'Review,ts', '--label', 'team=red')
    ).json<Item>();
    expect(ada).toMatchObject({ name: 'ada', capabilities: ['review', 'ts'], labels: { team: 'red' }, capacity: null });
    expect((await cli('agent', 'register', 'ada', '--capacity', '2')).json()).toMatchObject({
      id: ada.id,
      capacity: 2,
    });

    expect((await cli('agent', 'list', '--capabilities', 'ts')).json()).toMatchObject({ items: [{ id: ada.id }] });
    expect((await cli('agent', 'list', '--capabilities', 'go')).json()).toMatchObject({ items: [] });
    expect((await cli('agent', 'show', 'ada')).json()).toMatchObject({ id: ada.id });
    expect((await cli('agent', 'heartbeat', ada.id)).json()).toMatchObject({ id: ada.id, status: 'active' });
    expect((await cli('agent', 'status', 'ada', 'draining')).json()).toMatchObject({ status: 'draining' });
    const refused = await cli('agent', 'status', 'ada', 'maintenance');
    expect([refused.code, refused.stdout, refused.error().code]).toEqual([1, '', 'invalid_transition']);
  });

  it('takes a task from its making to its end', async () => {
    const tenant = await given.tenant();
    const cli = cliOf(tenant);
    const ada = (await cli('agent', 'register', 'ada')).json<Item>();
    const first = (
      await cli('task', 'add', 'First', '--priority', 'low', '--tags', 'a,b', '--parameters', '{"n":1}')
    ).json<Item>();
    expect(first).toMatchObject({
      status: 'pending',
      type: 'task',
      priority: 'low',
      tags: ['a', 'b'],
      parameters: { n: 1 },
    });
    const second = (await cli('task', 'add', 'Second', '--after', first.id, '--ref', 'bd-2')).json<Item>();

    const lease = { task: { id: first.id, status: 'in_progress', assignedTo: ada.id }, epoch: 1 };
    expect((await cli('task', 'claim', '--agent', 'ada')).json()).toMatchObject({ leases: [lease] });
    expect((await cli('task', 'claim', '--agent', 'ada')).json()).toEqual({ leases: [] });

    const stale = await cli('task', 'complete', first.id, '--epoch', '7');
    expect([stale.code, stale.error()]).toMatchObject([1, { code: 'lease_lost', status: 409, currentEpoch: 1 }]);
    const done = await cli('task', 'complete', first.id, '--epoch', '1', '--result', '{"ok":true}');
    expect(done.json()).toMatchObject({ task: { status: 'completed', result: { ok: true } } });

    await cli('task', 'claim', '--agent', ada.id, '--lease-seconds', '300');
    expect((await cli('task', 'release', second.id, '--epoch', '1', '--reason', 'lunch')).json()).toMatchObject({
      task: { status: 'pending', attempt: 0 },
    });
    await cli('task', 'claim', '--agent', 'ada');
    const failed = await cli(
      'task',
      'fail',
      second.id,
      '--epoch',
      '2',
      '--code',
      'no_way',
      '--message',
      'x',
      '--final',
    );
    expect(failed.json()).toMatchObject({ task: { status: 'failed', error: { code: 'no_way', message: 'x' } } });

    expect((await cli('task', 'show', second.id)).json()).toMatchObject({
      externalRef: 'bd-2',
      attempts: [{ outcome: 'released' }, { outcome: 'failed' }],
      edges: [{ blockerId: first.id, blockedId: second.id, kind: 'blocks' }],
    });
    expect(await tenant.events.of(second.id)).toEqual([
      'task.created',
      'task.claimed',
      'task.released',
      'task.claimed',
      'task.failed',
    ]);
  });

  it('cancels, asks a holder to stop, and tries again', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const cli = cliOf(tenant);
    const keys = ['--dedupe-key', 'nightly', '--concurrency-key', 'disk', '--timeout-seconds', '60'];
    const { id } = (await cli('task', 'add', 'One', '--max-attempts', '1', ...keys)).json<Item>();
    expect((await cli('task', 'add', 'Two', '--dedupe-key', 'nightly')).error()).toMatchObject({
      code: 'duplicate_task',
      taskId: id,
    });

    await cli('task', 'claim', '--agent', 'ada');
    await cli('task', 'fail', id, '--epoch', '1');
    expect((await cli('task', 'retry', id)).json()).toMatchObject({
      task: { status: 'pending', concurrencyKey: 'disk', timeoutSeconds: 60 },
    });
    await cli('task', 'claim', '--agent', 'ada');
    const asked = (await cli('task', 'cancel', id, '--reason', 'no need', '--tree')).json();
    expect(asked).toMatchObject({
      requested: 1,
      cancelled: 0,
      task: { status: 'in_progress', cancelReason: 'no need' },
    });
    expect((await cli('task', 'release', id, '--epoch', '2')).json()).toMatchObject({ task: { status: 'cancelled' } });
    expect((await cli('task', 'retry', id)).error()).toMatchObject({ code: 'invalid_transition' });
  });

  it('lists a page, and all as a stream of JSON lines', async () => {
    const tenant = await given.workspace({ tasks: 5 });
    const cli = cliOf(tenant);
    const ids = tenant.tasks.map(({ id }) => id);

    const page = (await cli('task', 'list', '--limit', '2')).json<Items>();
    expect(page.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const next = (await cli('task', 'list', '--limit', '2', '--after', page.nextCursor ?? '')).json<Items>();
    expect(next.items.map(({ id }) => id)).toEqual(ids.slice(2, 4));

    const { stdout } = await cli('task', 'list', '--all', '--limit', '2', '--workspace', 'default');
    const lines = stdout.trim().split('\n').map((line) => (JSON.parse(line) as Item).id); // prettier-ignore
    expect(lines).toEqual(ids);
    expect((await cli('task', 'list', '--status', 'completed,failed')).json()).toMatchObject({ items: [] });
  });

  it('makes keys that do what they may, shows the secret once, and revokes them', async () => {
    const tenant = await given.tenant();
    const cli = cliOf(tenant);
    const key = (await cli('key', 'create', 'reader', '--scope', 'read')).json<Item & { secret: string }>();

    const reader = cliOf({ ...tenant, key: key.secret });
    expect((await reader('task', 'list')).json()).toMatchObject({ items: [] });
    const refused = await reader('task', 'add', 'x');
    expect([refused.code, refused.error()]).toMatchObject([1, { status: 403, code: 'missing_scope' }]);

    const listed = await cli('key', 'list');
    expect(listed.json<Items>().items.map(({ id }) => id)).toContain(key.id);
    expect(listed.stdout).not.toContain(key.secret);
    expect((await cli('key', 'revoke', key.id)).json()).toEqual({ id: key.id, revoked: true });
    // A key is trusted for up to a second after it was looked at.
    await until(async () => (await reader('task', 'list')).code !== 0);
    expect((await reader('task', 'list')).error()).toMatchObject({ status: 401 });
  });

  it('answers people in aligned lines, with the text of others on one line and no colours', async () => {
    const tenant = await given.tenant();
    const cli = cliOf(tenant);
    await tenant.task({ title: 'red \u001b[31malert\nforged line' });

    const { stdout } = await cli.text('task', 'list');
    const [head = '', row = '', ...rest] = stdout.trimEnd().split('\n');
    expect(rest).toEqual([]);
    expect(row.indexOf('red  [31malert forged line')).toBe(head.indexOf('TITLE'));
    expect((await cli.text('task', 'list', '--status', 'failed')).stdout).toBe('None.\n');
    expect((await cli.text('agent', 'register', 'ada')).stdout).toMatch(/^id {12}[\da-f-]{36}\nname {10}ada\n/);
  });

  it('does nothing for another tenant', async () => {
    const [mine, theirs] = [await given.workspace({ tasks: 1 }), await given.tenant()];
    const shown = await cliOf(theirs)('task', 'show', mine.tasks[0]?.id ?? '');
    expect([shown.code, shown.error()]).toMatchObject([1, { status: 404, code: 'not_found' }]);
  });
});

describe('exit codes and errors', () => {
  const given = startGiven();

  it.each<[string, string[]]>([
    ['an unknown command', ['task', 'clam']],
    ['an unknown option', ['task', 'list', '--colour']],
    ['a missing option', ['task', 'claim']],
    ['a bad value', ['fleet', '--die-rate', '5']],
    ['no command', []],
  ])('exits with 2 for %s, in words and as JSON', async (_, args) => {
    const [text, json] = await Promise.all([muster(args), muster([...args, '--json'])]);
    expect([text.code, text.stdout, json.code, json.stdout]).toEqual([2, '', 2, '']);
    expect(text.stderr).not.toBe('');
    expect(json.error()).toMatchObject({ code: 'usage', detail: expect.stringMatching(/./) as string });
  });

  it('exits with 0 for help and version', async () => {
    const [help, version] = await Promise.all([muster(['task', 'add', '--help']), muster(['--version'])]);
    expect([help.code, version.code]).toEqual([0, 0]);
    expect(help.stdout).toMatch(/Usage: muster task add .*--needs .*--json/s);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('exits with 3 where no server answers', async () => {
    const env = { MUSTER_URL: await deadUrl(), MUSTER_KEY: 'mst_whatever_it_may_be' };
    const { code, error } = await muster(['--json', 'task', 'list'], { env });
    expect([code, error().code, error().detail]).toEqual([3, 'unreachable', expect.stringContaining('ECONNREFUSED')]);
  });

  it('exits with 2 for a misspelt setting', async () => {
    const { code, error } = await muster(['--json', 'task', 'list'], { env: { MUSTER_KYE: 'x' } });
    expect([code, error().detail]).toEqual([2, expect.stringContaining('did you mean MUSTER_KEY?')]);
  });

  it('exits with 1 for what is refused, and shows the fields', async () => {
    const cli = cliOf(await given.tenant());
    const [text, json] = [
      await cli.text('task', 'add', '', '--priority', 'urgent'),
      await cli('task', 'show', 'no-uuid'),
    ];
    expect([text.code, json.code]).toEqual([1, 1]);
    expect(text.stderr).toMatch(/^muster: .*title.*\[invalid_input\]\n.*errors: .*"field":"priority"/s);
    expect(json.error()).toMatchObject({ status: 400, code: 'invalid_input', errors: [{ field: 'id' }] });
    const unknown = await cli('task', 'claim', '--agent', 'nobody');
    expect([unknown.code, unknown.error()]).toMatchObject([
      1,
      { code: 'not_found', detail: 'There is no agent nobody.' },
    ]);
  });

  it('asks for a key, and does not send the local one elsewhere', async () => {
    const { code, error } = await muster(['--json', '--url', 'https://example.invalid', 'task', 'list']);
    expect([code, error().detail]).toEqual([2, expect.stringContaining('There is no key for https://example.invalid')]);
  });
});
