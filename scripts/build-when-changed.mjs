// Builds the client and then the server, which uses it, unless dist is newer than everything they are made of. Type-checking the whole project takes seconds
// even when nothing changed; this look takes a few milliseconds, so `npm start` can afford it.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'dist', '.built');
const server = ['src', 'migrations', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];
const client = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];
const inputs = [...server, ...client.map((input) => join('clients', 'typescript', input))];

/** As "build" in package.json, without a shell. */
const STEPS = [
  ['node_modules/typescript/bin/tsc', '-p', 'clients/typescript/tsconfig.build.json'],
  ['node_modules/@nestjs/cli/bin/nest.js', 'build'],
];

/** Folders count too: their time tells of files that were removed. */
function newest(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function isFresh() {
  const built = existsSync(stamp) && existsSync(join(root, 'clients', 'typescript', 'dist'));
  return built && inputs.every((input) => newest(join(root, input)) <= statSync(stamp).mtimeMs);
}

function build() {
  const started = new Date();
  if (!existsSync(join(root, STEPS[0][0]))) return withoutCompiler();

  for (const step of STEPS) {
    const { status } = spawnSync(process.execPath, step, { cwd: root, stdio: ['ignore', 2, 2] });
    if (status !== 0) return status ?? 1;
  }
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
