import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import muster from '../dist/src/index.js';
import { rate, seconds } from './measure.mjs';
import { PARAMETERS, RESULT, TYPE } from './task.mjs';

export const ADMIN_KEY = 'bench-admin-key-0123456789';

/** The environment of one node; everything else is the default. */
export const nodeEnvironment = (home, databaseUrl, more = {}) => ({
  DATABASE_URL: databaseUrl,
  MUSTER_HOME: mkdtempSync(join(home, 'node-')),
  MUSTER_PORT: '0',
  MUSTER_LOG_LEVEL: 'error',
  MUSTER_ADMIN_KEY: ADMIN_KEY,
  ...more,
});

/** A node in this process, called as an application that imports Muster calls it. */
export class Muster {
  name = 'Muster';
  #agents = [];

  static async open({ home }, databaseUrl, more) {
    const node = new Muster();
    node.databaseUrl = databaseUrl;
    node.server = await muster.Server.start(muster.loadConfig(nodeEnvironment(home, databaseUrl, more)));
    const { app, first } = node.server;
    node.workspaceId = first.workspaceId;
    node.caller = { tenantId: first.tenantId, actorId: 'bench', scopes: ['admin'] };
    node.tasks = app.get(muster.TasksService);
    node.claims = app.get(muster.ClaimsService);
    node.workspaces = app.get(muster.WorkspacesService);
    node.agents = app.get(muster.AgentsService);
    await node.agent(0);
    return node;
  }

  /** Each worker is an agent of its own. */
  async agent(worker) {
    this.#agents[worker] ??= (await this.agents.register(this.caller, { name: `bench-${randomUUID()}` })).agent.id;
    return this.#agents[worker];
  }

  createOne(more) {
    return this.tasks.create(this.caller, { type: TYPE, title: 'A task', parameters: PARAMETERS, ...more });
  }

  createMany(count, more) {
    const one = { type: TYPE, title: 'A task', parameters: PARAMETERS, ...more };
    return this.tasks.createBatch(
      this.caller,
      Array.from({ length: count }, () => one),
    );
  }

  async claimOne(agentId, options) {
    const [lease] = await this.claims.claim(this.caller, { agentId, ...options });
    return lease;
  }

  completeOne({ task, epoch }) {
    return this.claims.complete(this.caller, { taskId: task.id, epoch }, RESULT);
  }

  async completeAndClaim({ task, epoch }, agentId) {
    const held = { taskId: task.id, epoch };
    return (await this.claims.completeAndClaim(this.caller, held, RESULT, { agentId })).next;
  }

  /** Takes and finishes `count` tasks one by one; a completion claims the next. Answers tasks a second. */
  async drain(count, width) {
    const agents = await this.#agentsOf(width);
    let left = count;
    const taken = await seconds(() =>
      Promise.all(
        agents.map(async (agentId) => {
          if (left-- <= 0) return;
          let lease = await this.#claimed(agentId);
          while (left-- > 0) lease = (await this.completeAndClaim(lease, agentId)) ?? (await this.#claimed(agentId));
          await this.completeOne(lease);
        }),
      ),
    );
    return count / taken;
  }

  /** The same by a claim and a completion. */
  async drainInTwoCalls(count, width) {
    const agents = await this.#agentsOf(width);
    return rate(count, width, async (worker) => this.completeOne(await this.#claimed(agents[worker])));
  }

  /** Calls `onTask` for each task that becomes ready, as an agent that waits for work. */
  async listen(onTask) {
    const agentId = await this.agent(0);
    const stop = new AbortController();
    const listening = (async () => {
      while (!stop.signal.aborted) {
        const attempt = () => this.claimOne(agentId);
        const lease = await this.claims.waitForWork(this.caller, 30, attempt, stop.signal);
        if (!lease) continue;
        onTask();
        await this.completeOne(lease);
      }
    })();
    return () => {
      stop.abort();
      return listening;
    };
  }

  /** Runs SQL beside the service. */
  async sql(text, values) {
    this.pool ??= new pg.Pool({ connectionString: this.databaseUrl, max: 1 });
    return (await this.pool.query(text, values)).rows;
  }

  async close() {
    await this.pool?.end();
    await this.server.stop();
  }

  /** There is a task for everybody; one that another claim looks at just now is passed over. */
  async #claimed(agentId) {
    for (let tries = 0; tries < 1_000; tries++) {
      const lease = await this.claimOne(agentId);
      if (lease) return lease;
    }
    throw new Error('No task is left to claim.');
  }

  #agentsOf(width) {
    return Promise.all(Array.from({ length: width }, (_, worker) => this.agent(worker)));
  }
}
