// Installs the peers on first use and whenever the lock file is newer than what is installed.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const timeOf = (...path) => statSync(join(here, ...path), { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (timeOf('node_modules', '.package-lock.json') < timeOf('package-lock.json')) {
  console.error('Installing the peers in bench/ …');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: ['ignore', 2, 2] });
  process.exitCode = status ?? 1;
}
