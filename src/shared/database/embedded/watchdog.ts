import { spawn, type ChildProcess } from 'node:child_process';
import type { ServerUser } from './server-user.js';

/**
 * Ends the server when this process dies, even by kill -9. A shell reads from a pipe whose other end only we hold: a
 * line means that all is well, the end of the pipe that we are gone, and then it asks PostgreSQL for a fast shutdown.
 * It is a session of its own, so that Ctrl-C at the terminal does not take it first. Windows has no such shell: there
 * the next start ends the server that was left behind.
 */
export class Watchdog {
  private readonly shell?: ChildProcess;

  constructor(pid: number, user: ServerUser) {
    if (process.platform === 'win32') return;
    const shell = spawn('/bin/sh', ['-c', 'read -r line || kill -INT "$1"', 'sh', String(pid)], {
      ...user,
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // A watchdog that someone killed breaks the pipe; the server lives on, and our own end must not be an exception.
    shell.stdin?.on('error', () => this.shell?.stdin?.destroy());
    shell.on('error', () => this.shell?.stdin?.destroy());
    shell.unref();
    this.shell = shell;
  }

  /** The server has ended; nothing is left to guard. */
  release(): void {
    this.shell?.stdin?.end('released\n');
  }
}
