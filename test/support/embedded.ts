import { type ChildProcess, fork, type ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { until } from './until.js';

export const PROJECT = resolve(__dirname, '..', '..');
export const isRoot = process.getuid?.() === 0;

interface Ready {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly shared: boolean;
  readonly startMs: number;
}
interface Failure {
  readonly code: string;
  readonly message: string;
}
type Message = { ready: Ready } | { failed: Failure } | { now: { pid: number; shared: boolean } } | { log: string };

export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Every process that works on something in the folder: the server and its backends, or an initdb. */
export function processesIn(folder: string): number[] {
  const worksIn = (pid: number): boolean => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words.some((word) => word.includes('embedded-service'))) return false;
      return [readlinkSync(`/proc/${pid}/cwd`), ...words].some((word) => word.startsWith(folder));
    } catch {
      return false; // It ended while we looked, or is somebody else's.
    }
  };
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isRunning(pid) && worksIn(pid));
}

/** The direct children of a process, which Linux lists with its main thread. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

/** A process that runs `EmbeddedPostgres.start` on a directory. */
export class Service {
  private readonly messages: Message[] = [];
  readonly logs: string[] = [];

  constructor(readonly child: ChildProcess) {
    child.on('message', (message: Message) => {
      if ('log' in message) this.logs.push(message.log);
      this.messages.push(message);
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the service has no process id');
    return this.child.pid;
  }

  async ready(): Promise<Ready> {
    const outcome = await this.outcome();
    if ('failed' in outcome) throw new Error(outcome.failed.message);
    return outcome.ready;
  }

  async failure(): Promise<Failure> {
    const outcome = await this.outcome();
    if ('ready' in outcome) throw new Error('the service started');
    return outcome.failed;
  }

  async now(): Promise<{ pid: number; shared: boolean }> {
    this.child.send('now');
    const [message] = (await once(this.child, 'message')) as [Message];
    return 'now' in message ? message.now : this.now();
  }

  /** Ends it and answers its exit code or the signal it died of. */
  async end(how: 'stop' | NodeJS.Signals): Promise<number | string> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, 'exit');
      if (how === 'stop') this.child.send('stop');
      else this.child.kill(how);
      await exit;
    }
    return this.child.exitCode ?? this.child.signalCode ?? 'unknown';
  }

  private outcome(): Promise<{ ready: Ready } | { failed: Failure }> {
    return until(() => {
      const outcome = this.messages.find((message) => 'ready' in message || 'failed' in message);
      if (outcome && ('ready' in outcome || 'failed' in outcome)) return outcome;
      if (this.child.exitCode !== null) throw new Error(`the service ended with ${this.child.exitCode}`);
      return undefined;
    }, 'the service tells how its start went');
  }
}

/** The temporary folders and services of one test file; `clean` leaves neither behind. */
export class Embedded {
  private readonly folders: string[] = [];
  private readonly services: Service[] = [];

  /** A folder that everybody may enter, with nothing in it. */
  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'muster-embedded-'));
    this.folders.push(folder);
    chmodSync(folder, 0o755);
    return folder;
  }

  directory(): string {
    return join(this.folder(), 'postgres');
  }

  service(directory: string, { project = PROJECT, ...options }: ForkOptions & { project?: string } = {}): Service {
    const child = fork(join(project, 'test/support/embedded-service.ts'), [directory], {
      execArgv: ['-r', join(PROJECT, 'test/support/run-ts.cjs')],
      ...options,
    });
    const service = new Service(child);
    this.services.push(service);
    return service;
  }

  async clean(): Promise<void> {
    await Promise.all(this.services.splice(0).map((service) => service.end('SIGKILL')));
    for (const folder of this.folders.splice(0)) {
      await until(() => processesIn(folder).length === 0, `nothing runs in ${folder}`);
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

export function lockFileOf(directory: string): string {
  return join(directory, 'postmaster.pid');
}

export function isHeld(directory: string): boolean {
  return existsSync(lockFileOf(directory));
}
