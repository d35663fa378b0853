import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startGiven } from '../../support/given.js';

const root = join(__dirname, '../../..');
const page = readFileSync(join(root, 'docs/realtime.md'), 'utf8');

describe('the documentation of the WebSocket', () => {
  const given = startGiven();

  it('has a session that can be pasted', async () => {
    const [, session = ''] = /<<'END'\n(.*?)\nEND\n/s.exec(page) ?? [];
    const { key, workspace } = await given.tenant();
    const env = { ...process.env, URL: given.node.url, KEY: key, WORKSPACE: workspace.id };
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', session], { cwd: root, env });
    const lines = (await run).stdout.trim().split('\n');
    expect(lines).toContain('completed completed');
    expect(lines.filter((line) => line.startsWith('event'))).toEqual(
      ['created', 'claimed', 'completed'].map((what) => expect.stringMatching(`^event \\d+ task\\.${what}$`)),
    );
  });

  it.each(['1002', '1009', '1012', '4401', '4408', '4409', '4429', '-32700', '-32603', '-32004', '-32029', '-32053'])(
    'names %s',
    (code) => {
      expect(page).toMatch(new RegExp(`^\\|.*${code}\\b`, 'm'));
    },
  );
});
