import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Verdict } from '../../src/cli/verify/checker.js';
import { cliOf, muster } from '../support/cli.js';
import { startGiven } from '../support/given.js';

type Answer = Verdict & { files: string[]; lines: number; torn: string[] };

describe('verify', () => {
  const given = startGiven();
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-verify-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string): string => join(folder, name);

  it('gives the verdict of the fleet on the history that the fleet wrote, and sees what is changed in it', async () => {
    const tenant = await given.workspace({ tasks: 12 });
    const file = path('run.jsonl');
    const rates = ['--work-ms', '1..5', '--fail-rate', '0.2'];
    const fleet = await cliOf(tenant)('fleet', '--agents', '3', ...rates, '--history', file);
    expect(fleet.code).toBe(0);

    const verified = await muster(['--json', 'verify', file]);
    expect([verified.code, verified.stderr]).toEqual([0, '']);
    const { files, lines, torn, ...verdict } = verified.json<Answer>();
    expect([files, torn, verdict]).toEqual([[file], [], fleet.json<{ verdict: Verdict }>().verdict]);

    const text = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect([lines, verdict.rows]).toEqual([text.length, 12]);
    const row = text.findIndex((line) => line.startsWith('{"kind":"task"'));
    const changed = text.with(row, (text[row] ?? '').replace(/"epoch":\d+/, '"epoch":9'));
    writeFileSync(path('row.jsonl'), `${changed.join('\n')}\n`);
    const other = await muster(['--json', 'verify', path('row.jsonl')]);
    expect([other.code, other.json<Answer>().rules]).toMatchObject([4, { row_disagrees: 1 }]);
    const completion = text.findLastIndex((line) => line.includes('"type":"task.completed"'));
    writeFileSync(file, `${text.toSpliced(completion, 1).join('\n')}\n`);
    const forged = await muster(['verify', file]);
    expect(forged.code).toBe(4);
    expect(forged.stdout).toMatch(/^BROKEN 1x +told_but_not_done +what an agent was told to be done is in the log$/m);
    expect(forged.stdout).toMatch(/^VERDICT NOT CLEAN: /m);
  });

  it('reads a folder, and leaves out the line that a killed writer tore', async () => {
    const call = { kind: 'call', n: 1, at: '2026-01-01T00:00:00.000Z', id: 'c1', agent: 'ada', operation: 'claim' };
    for (const name of ['ada.jsonl', 'bob.jsonl', 'notes.txt']) writeFileSync(path(name), `${JSON.stringify(call)}\n`);
    appendFileSync(path('bob.jsonl'), '{"kind":"answer","n":2,"callId":"c1","sta');
    const { code, json } = await muster(['--json', 'verify', folder]);
    expect(code).toBe(0);
    expect(json<Answer>()).toMatchObject({
      files: [path('ada.jsonl'), path('bob.jsonl')],
      lines: 2,
      torn: [path('bob.jsonl')],
      calls: 2,
      lost: 2,
    });
  });

  it.each<[string, string, number, RegExp]>([
    ['a line that is no JSON', '\n{"kind":\n{}\n', 1, /h\.jsonl, line 2: it is not valid JSON/],
    ['a line of no known kind', '{"kind":"note"}\n', 1, /line 1: kind must be call, answer, feed, event or task/],
    ['an answer without its call', '{"kind":"answer","n":1,"at":"x","callId":"c1","lost":true}\n', 1, /line 1: .*c1/],
    ['a file without lines', '\n', 1, /There is no line in/],
  ])('refuses %s', async (_, text, exit, message) => {
    writeFileSync(path('h.jsonl'), text);
    const { code, error } = await muster(['--json', 'verify', path('h.jsonl')]).then((run) => ({
      code: run.code,
      error: run.error(),
    }));
    expect([code, error.code]).toEqual([exit, 'invalid_history']);
    expect(error.detail).toMatch(message);
  });

  it('is not given a history in the place of another one', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    writeFileSync(path('run.jsonl'), 'precious');
    const fleet = await cliOf(tenant)('fleet', '--agents', '1', '--history', path('run.jsonl'));
    expect([fleet.code, fleet.error()]).toMatchObject([
      2,
      { code: 'usage', detail: `${path('run.jsonl')} is there already; name a file that is not.` },
    ]);
    expect(readFileSync(path('run.jsonl'), 'utf8')).toBe('precious');
    expect(await tenant.rows('SELECT 1 FROM tasks WHERE tenant_id = $1 AND epoch > 0')).toEqual([]);
  });

  it('says which file cannot be read, or written', async () => {
    const missing = await muster(['--json', 'verify', path('none.jsonl')]);
    expect([missing.code, missing.error().detail]).toEqual([2, `${path('none.jsonl')} cannot be read (ENOENT).`]);
    const tenant = await given.tenant();
    const fleet = await cliOf(tenant)('fleet', '--agents', '1', '--history', path('none/run.jsonl'));
    expect([fleet.code, fleet.error().detail]).toEqual([2, `${path('none/run.jsonl')} cannot be written (ENOENT).`]);
  });
});
