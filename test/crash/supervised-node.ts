import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../support/until.js';

const PROJECT = resolve(__dirname, '..', '..');
const KEPT_OUTPUT = 20_000;
/** Longer than a service may take to stop. */
const STOP_LIMIT_MS = 30_000;

/** A service in a process of its own, which is started again whenever it has ended, as a platform would. */
export class SupervisedNode {
  readonly url: string;
  starts = 0;
  kills = 0;
  /** Ends that nobody asked for, after it had been ready. */
  readonly crashes: string[] = [];
  private child?: ChildProcess;
  private ready = false;
  private stopping = false;
  private output = '';
  private readonly running: Promise<void>;
  private readonly killWithUs = (): void => void this.child?.kill('SIGKILL');

  constructor(
    readonly port: number,
    private readonly env: Readonly<Record<string, string>>,
  ) {
    this.url = `http://127.0.0.1:${port}`;
    process.once('exit', this.killWithUs);
    this.running = this.run();
  }

  async untilReady(limitMs?: number): Promise<void> {
    await until(() => this.ready, `the node at ${this.port} is ready; it said: ${this.output.slice(-2_000)}`, limitMs);
  }

  /** kill -9. */
  kill(): void {
    if (!this.child || this.stopping) return;
    this.kills += 1;
    this.ready = false;
    this.child.kill('SIGKILL');
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.child?.kill('SIGTERM');
    const limit = setTimeout(() => this.child?.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.running;
    clearTimeout(limit);
    process.off('exit', this.killWithUs);
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const child = this.start();
      const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
      if (this.ready && !this.stopping) this.crashes.push(`exit ${code ?? signal}: ${this.output.slice(-2_000)}`);
      this.ready = false;
      // One that could not start, because the database is away, does not spin.
      if (signal !== 'SIGKILL' && !this.stopping) await pause(200);
    }
  }

  private start(): ChildProcess {
    this.starts += 1;
    const args = ['-r', './test/support/run-ts.cjs', 'src/cli.ts', '--json', 'start'];
    const env = { PATH: process.env.PATH, MUSTER_PORT: String(this.port), ...this.env };
    const child = spawn(process.execPath, args, { cwd: PROJECT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-KEPT_OUTPUT);
        if (this.child === child && text.includes('"msg":"ready"')) this.ready = true;
      });
    }
    return child;
  }
}
