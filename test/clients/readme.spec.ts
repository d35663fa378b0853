import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { startGiven } from '../support/given.js';

const PROJECT = resolve(__dirname, '..', '..');
const CLIENT = join(PROJECT, 'clients', 'typescript');
const run = promisify(execFile);

describe('the README of the client', () => {
  const given = startGiven();
  const folder = mkdtempSync(join(tmpdir(), 'muster-readme-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('[S162] has a session that can be pasted', async () => {
    const [, session = ''] = /<!-- session -->\s+```bash\n(.*?)```/s.exec(readFileSync(join(CLIENT, 'README.md'), 'utf8')) ?? []; // prettier-ignore
    const tenant = await given.tenant();
    const credentials = { url: given.node.url, adminKey: tenant.key, workspaceId: tenant.workspace.id };
    writeFileSync(join(folder, 'credentials.json'), JSON.stringify(credentials));
    // The package as it is built and installed: `@muster/client` beside what it depends on.
    const installed = join(folder, 'node_modules');
    await run(process.execPath, [join(PROJECT, 'node_modules/typescript/bin/tsc'), '-p', join(CLIENT, 'tsconfig.build.json'), '--outDir', join(installed, '@muster/client/dist')]); // prettier-ignore
    symlinkSync(join(CLIENT, 'package.json'), join(installed, '@muster/client/package.json'));
    symlinkSync(join(PROJECT, 'node_modules/ws'), join(installed, 'ws'));

    const { PATH } = process.env;
    const { stdout } = await run('bash', ['-c', session], { cwd: folder, env: { PATH, MUSTER_HOME: folder } });
    expect(stdout).toMatch(/^\d+ task\.completed$/m);
    expect(stdout.trim().split('\n').at(-1)).toBe("{ done: 'Write the report' }");
    const completed = (await tenant.events.all()).filter(({ type }) => type === 'task.completed');
    expect(completed).toHaveLength(3);
  });
});
