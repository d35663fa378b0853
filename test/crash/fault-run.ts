import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Verdict } from '../../src/cli/verify/checker.js';
import { EmbeddedPostgres } from '../../src/shared/database/embedded/index.js';
import { nameOf, query } from '../support/database.js';
import { Given, startNode } from '../support/given.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { madeUp } from './backlog.js';
import { verdictOn } from './crash-run.js';
import { Expedition } from './expedition.js';
import type { Fault } from './faults.js';
import { Random } from './random.js';

const AGENTS = 16;
const TASKS = 150;
const WORK_MS = 1_400;
const SABOTAGE_EVERY_MS = 40;
/** So long that no commit reaches the disk by itself. */
const NEVER_BY_ITSELF = { wal_writer_delay: 10_000, wal_writer_flush_after: '1GB' };

/**
 * Plants the fault, lets agents work for a moment over a bad network, and judges them. The database is mended again.
 * @param times how many times as long as usual
 */
export async function faultRun(given: Given, fault: Fault | undefined, seed: number, times: number): Promise<Verdict> {
  const mend = await fault?.plant?.(given.node.databaseUrl);
  try {
    return await judged(given, seed, { fault, times });
  } finally {
    await mend?.();
  }
}

/** Answers come before their commit is on the disk, and PostgreSQL is killed: a server and nodes of its own. */
export async function lossyRun(seed: number, times: number): Promise<Verdict> {
  const folder = openFolder();
  const directory = join(folder, 'postgres');
  const postgres = await EmbeddedPostgres.start({ directory, log: () => undefined, settings: NEVER_BY_ITSELF });
  const given = new Given();
  try {
    given.nodes.push(await startNode(postgres.url));
    return await judged(given, seed, { times, before: () => loosened(postgres.url), after: () => killed(postgres) });
  } finally {
    await Promise.all(given.nodes.map((node) => node.stop()));
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Circumstances {
  fault?: Fault | undefined;
  times: number;
  /** What becomes of the database before the agents work, and they have. */
  before?: () => Promise<unknown>;
  after?: () => Promise<void>;
}

async function judged(given: Given, seed: number, { fault, times, before, after }: Circumstances): Promise<Verdict> {
  const random = new Random(seed);
  const folder = openFolder();
  const file = join(folder, 'history.jsonl');
  const urls = given.nodes.map(({ url }) => url) as [string, ...string[]];
  const proxies = await Promise.all(urls.map((url) => TcpProxy.start(url)));
  for (const proxy of proxies) proxy.fate = (way) => (way === 'reply' && random.chance(0.02) ? 'break' : 'pass');
  try {
    const { key, workspace } = await given.tenant();
    const agentUrls = proxies.map((proxy) => proxy.url.replace(/\/$/, '')) as [string, ...string[]];
    const mission = { workMs: 40, waitSeconds: 0, ...fault?.mission };
    const expedition = new Expedition({ urls, agentUrls, key, workspaceId: workspace.id, agents: AGENTS, random, file, mission }); // prettier-ignore
    await expedition.prepare(madeUp(workspace.id, fault?.tasks ?? TASKS, random));
    await before?.();
    expedition.start();
    await sabotaged(given.node.databaseUrl, fault, times);
    await after?.();
    await expedition.abandon();
    return await verdictOn(file);
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lets the agents work, with the sabotage going on beside them. */
async function sabotaged(url: string, fault: Fault | undefined, times: number): Promise<void> {
  for (const end = performance.now() + (fault?.forMs ?? WORK_MS) * times; performance.now() < end;) {
    if (fault?.sabotage !== undefined) await query(url, fault.sabotage);
    await pause(SABOTAGE_EVERY_MS);
  }
}

/** From now on a commit is answered before it is on the disk; sessions begin anew, for they keep what they began with. */
async function loosened(url: string): Promise<void> {
  await query(url, `ALTER DATABASE ${nameOf(url)} SET synchronous_commit = off`);
  await query(url, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()'); // prettier-ignore
}

/** kill -9, and up again at the same address. */
async function killed(postgres: EmbeddedPostgres): Promise<void> {
  const { pid } = postgres;
  process.kill(pid, 'SIGKILL');
  await until(() => postgres.pid !== pid, 'PostgreSQL is back');
}

/** One that the server's own user may enter. */
function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'muster-fault-'));
  chmodSync(folder, 0o755);
  return folder;
}
