import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Checker, type Verdict } from '../../src/cli/verify/checker.js';
import { readHistory } from '../../src/cli/verify/history-files.js';
import { EmbeddedPostgres } from '../../src/shared/database/embedded/index.js';
import { freePort } from '../support/free-port.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { backlogFor } from './backlog.js';
import { Chaos, type Targets } from './chaos.js';
import { defaultWorkspace, Expedition } from './expedition.js';
import { Audience, type AudienceReport } from './followers/audience.js';
import { Random } from './random.js';
import { SupervisedNode } from './supervised-node.js';

export interface CrashOptions {
  seed: number;
  /** How long things break at least; longer until each kind of blow has fallen. */
  seconds: number;
  agents?: number;
  /** Who follow the log meanwhile; none unless given. */
  followers?: number;
  /** Gives the nodes a Redis, which breaks like everything else. */
  redis?: boolean;
}

export interface CrashReport {
  seed: number;
  source: string;
  blows: Record<string, number>;
  /** Processes that ended although nobody had killed them. */
  crashes: string[];
  completed: number;
  deaths: number;
  lostLeases: number;
  verdict: Verdict;
  audience: AudienceReport;
  /** The history; kept where the verdict is not clean. */
  file: string;
}

const NODES = 2;
/** For a slow machine that does other things as well. */
const DRAIN_LIMIT_MS = 400_000;
const START_LIMIT_MS = 120_000;

/** Two nodes on a PostgreSQL of their own, under a fleet of agents, while everything breaks again and again; judged. */
export async function crashRun({
  seed,
  seconds,
  agents = 40,
  followers = 0,
  redis = false,
}: CrashOptions): Promise<CrashReport> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-crash-'));
  chmodSync(folder, 0o755);
  const random = new Random(seed);
  const scene = await Scene.open(folder, redis);
  let clean = false;
  try {
    const access = scene.access();
    const workspaceId = await defaultWorkspace(access.urls[0], access.key);
    const file = join(folder, 'history.jsonl');
    const expedition = new Expedition({ ...access, workspaceId, agents, random: random.fork(), file });
    const { source, tasks } = backlogFor(workspaceId, random.fork());
    await expedition.prepare(tasks);

    const chaos = new Chaos(scene, random.fork());
    const followed = { urls: access.agentUrls, key: access.key, workspaceId };
    const audience = new Audience(access.urls[0], followed, followers, random.fork());
    await audience.start();
    expedition.start();
    await Promise.all([pause(seconds * 1_000), chaos.start()]);
    await chaos.stop();
    await expedition.finish(DRAIN_LIMIT_MS);
    const heard = await audience.finish();

    const verdict = await verdictOn(file);
    clean = verdict.clean && heard.faults.length === 0;
    const sum = (part: 'completed' | 'deaths'): number => expedition.agents.reduce((n, agent) => n + agent[part], 0);
    const crashes = scene.nodes.flatMap((node) => node.crashes);
    return { seed, source, blows: chaos.blows, crashes, completed: sum('completed'), deaths: sum('deaths'), lostLeases: expedition.lostLeases, verdict, audience: heard, file }; // prettier-ignore
  } finally {
    await scene.close();
    if (clean) rmSync(folder, { recursive: true, force: true });
  }
}

export async function verdictOn(file: string): Promise<Verdict> {
  const checker = new Checker();
  await readHistory([file], checker);
  return checker.verdict();
}

/** What a run takes place on. */
class Scene implements Targets {
  private readonly key = randomBytes(16).toString('hex');

  private constructor(
    readonly postgres: EmbeddedPostgres,
    readonly nodes: SupervisedNode[],
    readonly proxies: TcpProxy[],
    readonly redis?: RedisServer,
  ) {}

  static async open(folder: string, withRedis: boolean): Promise<Scene> {
    const postgres = await EmbeddedPostgres.start({ directory: join(folder, 'postgres'), log: () => undefined });
    const redis = withRedis ? await RedisServer.prepare() : undefined;
    const scene = new Scene(postgres, [], [], redis);
    try {
      await redis?.start();
      for (let n = 0; n < NODES; n++) await scene.addNode(join(folder, `node-${n + 1}`));
      await Promise.all(scene.nodes.map((node) => node.untilReady(START_LIMIT_MS)));
      return scene;
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  access() {
    const urls = this.nodes.map(({ url }) => url) as [string, ...string[]];
    const agentUrls = this.proxies.map(({ url }) => url.replace(/\/$/, '')) as [string, ...string[]];
    return { urls, agentUrls, key: this.key };
  }

  async close(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.stop()));
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.postgres.stop();
    await this.redis?.remove();
  }

  private async addNode(home: string): Promise<void> {
    const env = {
      DATABASE_URL: this.postgres.url,
      MUSTER_HOME: home,
      MUSTER_ADMIN_KEY: this.key,
      MUSTER_LOG_LEVEL: 'error',
      MUSTER_STREAM_HEARTBEAT_MS: '1000',
      MUSTER_WS_PING_MS: '1000',
      MUSTER_WEBHOOKS_ALLOW_PRIVATE: '127.0.0.0/8',
      MUSTER_WEBHOOKS_RETRY_SECONDS: Array.from({ length: 60 }, (_, n) => (n < 30 ? '0' : '1')).join(),
      ...(this.redis && { REDIS_URL: this.redis.url }),
    };
    const node = new SupervisedNode(await freePort(), env);
    this.nodes.push(node);
    this.proxies.push(await TcpProxy.start(node.url));
  }
}
