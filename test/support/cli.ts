import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { freePort } from './free-port.js';

const PROJECT = resolve(__dirname, '..', '..');

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
  /** What `--json` printed. */
  json<T = Record<string, unknown>>(): T;
  /** The error that `--json` printed. */
  error(): Record<string, unknown>;
}

interface RunOptions {
  /** All that the command finds in its environment, besides PATH. */
  env?: Record<string, string>;
}

/** Starts the real command in a process of its own, in an environment with nothing of Muster's but `env`. */
export function startMuster(args: readonly string[], { env = {} }: RunOptions = {}): ChildProcess {
  const { PATH, COVERAGE_OF_CHILDREN } = process.env;
  return spawn(process.execPath, ['-r', './test/support/run-ts.cjs', 'src/cli.ts', ...args], {
    cwd: PROJECT,
    env: { PATH, COVERAGE_OF_CHILDREN, MUSTER_HOME: join(PROJECT, 'no-such-home'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs the real command to its end. */
export async function muster(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const child = startMuster(args, options);
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return {
    code,
    ...output,
    json: <T>() => {
      if (code !== 0 && output.stdout === '') throw new Error(`exit ${code}: ${output.stderr}`);
      return JSON.parse(output.stdout) as T;
    },
    error: () => (JSON.parse(output.stderr) as { error: Record<string, unknown> }).error,
  };
}

/** The command as somebody uses it who has set up where the server is: `cli('task', 'list')`, with `--json`. */
export function cliOf(tenant: { http: { url: string }; key: string }) {
  const env = { MUSTER_URL: tenant.http.url, MUSTER_KEY: tenant.key };
  return Object.assign((...args: string[]) => muster(['--json', ...args], { env }), {
    env,
    /** Without `--json`. */
    text: (...args: string[]) => muster(args, { env }),
  });
}

/** An address of this machine at which nothing listens any more. */
export async function deadUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}
