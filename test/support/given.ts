import { randomUUID } from 'node:crypto';
import type { Type } from '@nestjs/common';
import { AgentsService, type Agent, type RegisterAgent } from '../../src/agents/index.js';
import { loadConfig } from '../../src/config.js';
import { Server } from '../../src/server.js';
import { ApiKeysService, type Caller, type Scope, TenantsService } from '../../src/shared/auth/index.js';
import { Transactions } from '../../src/shared/database/index.js';
import { EventLog, type LoggedEvent } from '../../src/shared/events/index.js';
import { createLogger } from '../../src/shared/logging/index.js';
import {
  type ClaimOptions,
  ClaimsService,
  type CreateTask,
  DispatchService,
  EdgesService,
  InputsService,
  InterventionsService,
  Sweeper,
  type Task,
  TasksService,
} from '../../src/tasks/index.js';
import { WorkspacesService } from '../../src/workspaces/index.js';
import { query, workerDatabase } from './database.js';
import { HttpClient } from './http-client.js';

export type RunningNode = Awaited<ReturnType<typeof startNode>>;
export type Tenant = Awaited<ReturnType<Given['tenant']>>;

interface GivenOptions {
  /** How many nodes run on the database; 1 unless given. */
  nodes?: number;
  /** The worker's own database unless given. */
  database?: () => string | Promise<string>;
  /** More settings of the nodes, by their names in the environment. */
  settings?: Record<string, string>;
}

/** Real nodes for the tests of one file, from its first test to its last. Every test makes a tenant of its own. */
export function startGiven(options: GivenOptions = {}): Given {
  const given = new Given();
  beforeAll(async () => {
    const url = (await options.database?.()) ?? workerDatabase();
    for (let n = 0; n < (options.nodes ?? 1); n++) given.nodes.push(await startNode(url, options.settings));
  });
  afterAll(() => Promise.all(given.nodes.map((node) => node.stop())));
  return given;
}

/** A busy machine refuses no test for want of a connection. */
const PATIENCE = { MUSTER_ACQUIRE_TIMEOUT_MS: '60000' };

/** One node as main starts it, with its services at hand. Its log is kept in `lines`. */
export async function startNode(databaseUrl: string, settings: Record<string, string> = {}) {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: 'warn',
    destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const config = loadConfig({ DATABASE_URL: databaseUrl, MUSTER_PORT: '0', ...PATIENCE, ...settings });
  const server = await Server.start(config, logger);
  const get = <T>(type: Type<T>): T => server.app.get(type, { strict: false });
  return {
    url: server.url,
    databaseUrl,
    lines,
    get,
    tasks: get(TasksService),
    claims: get(ClaimsService),
    edges: get(EdgesService),
    inputs: get(InputsService),
    interventions: get(InterventionsService),
    dispatch: get(DispatchService),
    sweep: () => get(Sweeper).sweep(),
    transactions: get(Transactions),
    stop: () => server.stop(),
  };
}

/** Tried again at once. */
export const AT_ONCE = { backoff: 'linear', initialSeconds: 0, maxSeconds: 0 } as const;

/** A task with the least it needs, which is tried again at once. */
export const aTask = (more: Partial<CreateTask> = {}): CreateTask => ({
  type: 'build',
  title: 'Build it',
  retry: AT_ONCE,
  ...more,
});

export class Given {
  readonly nodes: RunningNode[] = [];

  get node(): RunningNode {
    return this.nodeAt(0);
  }

  get second(): RunningNode {
    return this.nodeAt(1);
  }

  /** A tenant of its own, with its default workspace and an admin key. */
  async tenant() {
    const { node, nodes } = this;
    const keys = node.get(ApiKeysService);
    const { id: tenantId } = await node.get(TenantsService).create(`t-${randomUUID().slice(0, 18)}-test`);
    const workspace = await node.get(WorkspacesService).ensureDefault(tenantId);
    const { key, secret = '' } = await keys.ensureAdminKey(tenantId);
    const caller: Caller = { tenantId, actorId: key.id, scopes: ['admin'] };
    const events = (): Promise<LoggedEvent[]> => eventsOf(node, tenantId, workspace.id);
    return {
      tenantId,
      caller,
      workspace,
      key: secret,
      http: new HttpClient(node.url, secret),
      /** The same on the second node. */
      http2: new HttpClient(nodes.at(-1)?.url ?? node.url, secret),
      keyFor: async (...scopes: Scope[]): Promise<string> =>
        (await keys.create(caller, { name: 'test', scopes })).secret,
      agent: async (name: string, more: Partial<RegisterAgent> = {}): Promise<Agent> =>
        (await node.get(AgentsService).register(caller, { name, ...more })).agent,
      task: (more?: Partial<CreateTask>): Promise<Task> => node.tasks.create(caller, aTask(more)),
      get: (id: string): Promise<Task> => node.tasks.get(caller, id),
      claim: (agent: Agent, options: Partial<ClaimOptions> = {}) =>
        node.claims.claim(caller, { agentId: agent.id, ...options }),
      events: {
        all: events,
        /** Types of what happened to a task, in order. */
        of: async (taskId: string): Promise<string[]> =>
          (await events()).filter((event) => event.subjectId === taskId).map((event) => event.type),
      },
      /** Rows of a statement whose $1 is the tenant: what is really stored. */
      rows: <T>(sql: string, ...values: unknown[]): Promise<T[]> =>
        query<T>(node.databaseUrl, sql, [tenantId, ...values]),
    };
  }

  /** A tenant with agents by name, and tasks in its default workspace. */
  async workspace<const Name extends string = never>(has: { agents?: Name[]; tasks?: number } = {}) {
    const tenant = await this.tenant();
    const agents = {} as Record<Name, Agent>;
    for (const name of has.agents ?? []) agents[name] = await tenant.agent(name);
    const tasks: Task[] = [];
    for (let n = 0; n < (has.tasks ?? 0); n++) tasks.push(await tenant.task({ title: `Task ${n}` }));
    return { ...tenant, ...agents, tasks };
  }

  private nodeAt(index: number): RunningNode {
    const node = this.nodes[index];
    if (!node) throw new Error('Nodes run inside of tests only; ask startGiven for as many as you need.');
    return node;
  }
}

/** The whole feed of a workspace. */
async function eventsOf(node: RunningNode, tenantId: string, feedId: string): Promise<LoggedEvent[]> {
  const all: LoggedEvent[] = [];
  for (let after = 0; ;) {
    const { events, next, last } = await node.get(EventLog).read(tenantId, feedId, { after, limit: 1_000 });
    all.push(...events);
    if (next >= last) return all;
    after = next;
  }
}

/** `fulfilled` and `rejected`, or the codes of the refusals, in order. */
export const outcomes = (results: readonly PromiseSettledResult<unknown>[]): string[] =>
  results.map((result) => (result.status === 'fulfilled' ? 'fulfilled' : (result.reason as { code: string }).code));
