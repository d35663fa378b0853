// Runs `nest build` unless dist is newer than everything it is made of. Type-checking the whole project takes seconds
// even when nothing changed; this look takes a few milliseconds, so `npm start` can afford it.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'dist', '.built');
const inputs = ['src', 'migrations', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];

/** Folders count too: their time tells of files that were removed. */
function newest(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function isFresh() {
  return existsSync(stamp) && inputs.every((input) => newest(join(root, input)) <= statSync(stamp).mtimeMs);
}

function build() {
  const started = new Date();
  const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  if (!existsSync(nest)) return withoutCompiler();

  const { status } = spawnSync(process.execPath, [nest, 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) return status ?? 1;
  // npm marks the command of a package as a program when it installs one, not when somebody works in its folder.
  chmodSync(join(root, 'dist', 'src', 'cli.js'), 0o755);
  // The start counts: what was saved while the compiler ran is not in dist.
  writeFileSync(stamp, started.toISOString());
  utimesSync(stamp, started, started);
  return 0;
}

/** Installed with --omit=dev: dist is what it is. An install goes on without it, a start cannot. */
function withoutCompiler() {
  if (existsSync(join(root, 'dist', 'src'))) return 0;
  console.error(
    'dist is missing and so is the compiler: install with the development dependencies, or copy dist here.',
  );
  return process.env.npm_lifecycle_event === 'prepare' ? 0 : 1;
}

process.exitCode = isFresh() ? 0 : build();
