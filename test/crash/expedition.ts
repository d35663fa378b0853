import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../../src/cli/client.js';
import { Feed } from '../../src/cli/feed.js';
import { HistoryFile } from '../../src/cli/verify/history-files.js';
import { Recorder } from '../../src/cli/verify/recorder.js';
import type { WireAgent, WireTask } from '../../src/cli/wire.js';
import type { Page } from '../../src/shared/http/index.js';
import type { WorkspaceView } from '../../src/workspaces/index.js';
import { CrashAgent, type Mission } from './crash-agent.js';
import { LossyClient } from './lossy-client.js';
import type { Random } from './random.js';

export interface ExpeditionOptions {
  /** The servers themselves, for what is done before and after. */
  urls: readonly [string, ...string[]];
  /** What the agents call: the servers, or proxies in front of them. */
  agentUrls: readonly [string, ...string[]];
  key: string;
  workspaceId: string;
  agents: number;
  random: Random;
  /** Where the history is written to. */
  file: string;
  mission?: Partial<Mission>;
}

const OPEN = ['pending', 'assigned', 'accepted', 'rejected', 'in_progress', 'awaiting_input'];
const IMPORT_LIMIT_MS = 120_000;
/** For what is done through a server that may be just starting again. */
const PATIENCE_MS = 120_000;

/** The workspace that every tenant has. */
export async function defaultWorkspace(url: string, key: string): Promise<string> {
  const { items } = await new Client({ url, key }).get<Page<WorkspaceView>>('/v1/workspaces', { name: 'default' });
  if (!items[0]) throw new Error('The server has no default workspace.');
  return items[0].id;
}

/** Agents on one workspace, from the first task to the written history. */
export class Expedition {
  readonly mission: Mission;
  readonly agents: CrashAgent[] = [];
  lostLeases = 0;
  private readonly client: Client;
  private readonly history: HistoryFile;
  private readonly recorder: Recorder;
  private working: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ExpeditionOptions) {
    const { urls, key, workspaceId, file, mission } = options;
    this.client = new Client({ url: urls[0], key, patienceMs: PATIENCE_MS });
    this.history = new HistoryFile(file);
    this.recorder = new Recorder((line) => this.history.write(line));
    this.mission = { workspaceId, leaseSeconds: 1, workMs: 60, claimNext: true, waitSeconds: 1, interactive: 0.12, deaths: 0.06, releases: 0.05, repeats: 0.06, creating: true, over: false, ...mission }; // prettier-ignore
  }

  /** Brings the tasks in, and registers the agents. */
  async prepare(tasks: readonly object[]): Promise<void> {
    const body = tasks.map((task) => JSON.stringify(task)).join('\n');
    const headers = { 'idempotency-key': randomUUID() };
    await this.client.call('POST', '/v1/tasks/import', { body, headers, repeatable: true, timeoutMs: IMPORT_LIMIT_MS });
    const { agentUrls, key, random, agents } = this.options;
    for (let n = 1; n <= agents; n++) {
      const request = { name: `crash-${n}`, kind: 'agent' };
      const { id } = await this.client.post<WireAgent>('/v1/agents', request, { repeatable: true });
      const own = random.fork();
      this.agents.push(new CrashAgent(id, new LossyClient(agentUrls, key, this.recorder, own), this.mission, own));
    }
  }

  start(): void {
    this.working = Promise.all(this.agents.map((agent) => agent.run()));
    // Looked at when they have ended; an earlier failure must not be an unhandled one.
    this.working.catch(() => undefined);
  }

  /** Waits until nothing is open, ends the agents, and writes the log and the tasks into the history. */
  async finish(limitMs: number): Promise<void> {
    this.mission.creating = false;
    const left = await this.drained(limitMs);
    this.mission.over = true;
    await this.working;
    await this.writeLog();
    this.history.close();
    if (left > 0) throw new Error(`${left} tasks are still open after ${limitMs} ms.`);
  }

  /** The same without waiting for the work to be done. */
  async abandon(): Promise<void> {
    this.mission.over = true;
    await this.working;
    await this.writeLog();
    this.history.close();
  }

  private async drained(limitMs: number): Promise<number> {
    for (const deadline = performance.now() + limitMs; ;) {
      const query = { workspaceId: this.mission.workspaceId, status: OPEN, limit: 1, withTotal: true };
      const { totalCount } = await this.client.get<Page<WireTask>>('/v1/tasks', query);
      if (totalCount === 0 || performance.now() > deadline) return totalCount ?? 0;
      await pause(200);
    }
  }

  private async writeLog(): Promise<void> {
    const { workspaceId } = this.mission;
    const feed = await Feed.ofWorkspace(this.client, workspaceId);
    for await (const event of feed.events()) {
      if (event.data?.outcome === 'expired') this.lostLeases += 1;
      this.history.write({ kind: 'event', event });
    }
    for await (const task of this.client.all<WireTask>('/v1/tasks', { workspaceId })) {
      this.history.write({ kind: 'task', task });
    }
  }
}
