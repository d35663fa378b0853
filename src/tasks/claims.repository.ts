import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, type Outcome, Persistence } from '../shared/database/index.js';
import type { JsonObject, JsonValue } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import { type Traced, traced } from '../shared/metrics/index.js';
import { type ClaimKind, rankOf, type Task } from './task.entity.js';
import { TasksRepository } from './tasks.repository.js';

/** What one agent asks for. Null means any. */
export interface ClaimRequest {
  agentId: string;
  actorId: string;
  capabilities: readonly string[];
  /** How many tasks the agent holds at once at most. */
  capacity: number | null;
  workspaceIds: readonly string[] | null;
  types: readonly string[] | null;
  limit: number;
  leaseSeconds: number;
  claimKind: ClaimKind;
}

/** A claimant's proof: the task and the epoch its claim was given. */
export interface Held {
  taskId: string;
  epoch: number;
}

export interface Heartbeat extends Held {
  /** What the claim was given, unless set. */
  leaseSeconds: number | null;
}

export interface Progress extends Held {
  actorId: string;
  percent: number | null;
  message: string | null;
  /** A part of the result, null to leave it as it is. */
  partial: JsonValue;
}

export interface Completion extends Held {
  actorId: string;
  result: JsonValue;
}

/** How an attempt ends without a result. */
export type EndOutcome = 'failed' | 'released' | 'expired';

export interface AttemptEnd extends Held {
  actorId: string;
  outcome: EndOutcome;
  error: JsonObject | null;
  retryable: boolean;
}

/** A lease that is over by the database's clock. */
export interface ExpiredLease extends Held {
  tenantId: string;
}

type Row = Record<string, unknown>;

/**
 * Claims and what claimants write. Each operation is one database function for a whole batch; `undefined` as an answer
 * means the epoch was not the newest or the task is not held, and the caller finds out which.
 */
@Injectable()
export class ClaimsRepository extends AggregateRepository {
  private readonly claims = this.batched<Traced<ClaimRequest>, Task[]>({
    operation: 'claims.claim',
    flush: (tenantId, requests) => this.flushClaims(tenantId, requests),
    queueOf: (request) => JSON.stringify([request.capabilities, request.workspaceIds, request.types]),
    lanes: 1,
  });
  private readonly heartbeats = this.batched({
    operation: 'claims.heartbeat',
    flush: distinct((tenantId, items: Heartbeat[]) => this.flushHeartbeats(tenantId, items)),
  });
  private readonly progresses = this.batched({
    operation: 'claims.progress',
    flush: distinct((tenantId, items: Traced<Progress>[]) => this.flushProgress(tenantId, items)),
  });
  private readonly completions = this.batched({
    operation: 'claims.complete',
    flush: distinct((tenantId, items: Traced<Completion>[]) => this.flushCompletions(tenantId, items)),
    weigh: ({ result }) => JSON.stringify(result).length,
  });
  private readonly ends = this.batched({
    operation: 'claims.endAttempt',
    flush: distinct((tenantId, items: Traced<AttemptEnd>[]) => this.flushEnds(tenantId, items)),
    queueOf: (end: Traced<AttemptEnd>) => end.outcome,
  });

  constructor(
    persistence: Persistence,
    private readonly tasks: TasksRepository,
    private readonly events: EventLog,
  ) {
    super(persistence);
  }

  /** The best ready tasks the agent can do, best first; none when there are none. */
  @Operation()
  async claim(tenantId: string, request: ClaimRequest): Promise<Task[]> {
    return this.claims(tenantId, traced(request));
  }

  /** One answer for each, in the order given. */
  @Operation()
  async heartbeat(tenantId: string, heartbeats: readonly Heartbeat[]): Promise<(Task | undefined)[]> {
    if (!this.inTransaction) return Promise.all(heartbeats.map((one) => this.heartbeats(tenantId, one)));
    const tasks: (Task | undefined)[] = [];
    for (const one of heartbeats) tasks.push(await this.heartbeats(tenantId, one));
    return tasks;
  }

  @Operation()
  async progress(tenantId: string, progress: Progress): Promise<Task | undefined> {
    return this.progresses(tenantId, traced(progress));
  }

  @Operation()
  async complete(tenantId: string, completion: Completion): Promise<Task | undefined> {
    return this.completions(tenantId, traced(completion));
  }

  @Operation()
  async endAttempt(tenantId: string, end: AttemptEnd): Promise<Task | undefined> {
    return this.ends(tenantId, traced(end));
  }

  /** Leases of kind agent that are over, of any tenant but these, longest over first. */
  @Operation()
  async expiredLeases(limit: number, except: readonly string[]): Promise<ExpiredLease[]> {
    const rows = await this.query<Row & ExpiredLease>(
      `SELECT tenant_id AS "tenantId", id AS "taskId", epoch FROM tasks
       WHERE status = 'in_progress' AND deleted_at IS NULL AND claim_kind = 'agent' AND lease_expires_at < clock_timestamp()
         AND tenant_id <> ALL ($2)
       ORDER BY lease_expires_at LIMIT $1`,
      [limit, except],
    );
    return rows;
  }

  private async flushClaims(tenantId: string, requests: Traced<ClaimRequest>[]): Promise<Outcome<Task[]>[]> {
    const [first] = requests;
    if (!first) return [];
    const tasks = await this.write('task_claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', tenantId, [
      first.capabilities,
      first.workspaceIds,
      first.types,
      requests.map((request) => request.agentId),
      requests.map((request) => request.limit),
      requests.map((request) => request.capacity),
      requests.map((request) => request.leaseSeconds),
      requests.map((request) => request.claimKind),
      requests.map((request) => request.actorId),
      requests.map((request) => request.trace),
    ]);
    return share(requests, tasks);
  }

  private async flushHeartbeats(tenantId: string, beats: Heartbeat[]): Promise<Outcome<Task | undefined>[]> {
    // Past `write`: a heartbeat changes nothing that a cache or a reader of the log holds.
    const rows = await this.query('SELECT * FROM task_heartbeat($1, $2, $3, $4)', [
      tenantId,
      beats.map((beat) => beat.taskId),
      beats.map((beat) => beat.epoch),
      beats.map((beat) => beat.leaseSeconds),
    ]);
    return byTask(
      beats,
      rows.map((row) => this.tasks.toTask(row)),
    );
  }

  private async flushProgress(tenantId: string, items: Traced<Progress>[]): Promise<Outcome<Task | undefined>[]> {
    const tasks = await this.write('task_progress($1, $2, $3, $4, $5, $6, $7, $8)', tenantId, [
      items.map((item) => item.taskId),
      items.map((item) => item.epoch),
      items.map((item) => item.percent),
      items.map((item) => item.message),
      items.map((item) => json(item.partial)),
      items.map((item) => item.actorId),
      items.map((item) => item.trace),
    ]);
    return byTask(items, tasks);
  }

  private async flushCompletions(tenantId: string, items: Traced<Completion>[]): Promise<Outcome<Task | undefined>[]> {
    const tasks = await this.write('task_complete($1, $2, $3, $4, $5, $6)', tenantId, [
      items.map((item) => item.taskId),
      items.map((item) => item.epoch),
      items.map((item) => json(item.result)),
      items.map((item) => item.actorId),
      items.map((item) => item.trace),
    ]);
    // Not those that only lost a blocker: a completion that is refused may name one of them.
    return byTask(
      items,
      tasks.filter((task) => task.status === 'completed' && task.epoch > 0),
    );
  }

  private async flushEnds(tenantId: string, items: Traced<AttemptEnd>[]): Promise<Outcome<Task | undefined>[]> {
    const tasks = await this.write('task_end_attempt($1, $2, $3, $4, $5, $6, $7, $8)', tenantId, [
      items[0]?.outcome,
      items.map((item) => item.taskId),
      items.map((item) => item.epoch),
      items.map((item) => json(item.error)),
      items.map((item) => item.retryable),
      items.map((item) => item.actorId),
      items.map((item) => item.trace),
    ]);
    return byTask(items, tasks);
  }

  /** Calls a function that changes tasks and writes their events; what it changed is forgotten and announced after the commit. */
  private async write(call: string, tenantId: string, values: readonly unknown[]): Promise<Task[]> {
    const rows = await this.query(`SELECT * FROM ${call}`, [tenantId, ...values]);
    const tasks = rows.map((row) => this.tasks.toTask(row));
    if (tasks.length > 0) {
      await this.tasks.changed(tenantId, tasks);
      await this.events.appended(tenantId, [...new Set(tasks.map((task) => task.workspaceId))]);
    }
    return tasks;
  }
}

const json = (value: JsonValue): string | null => (value === null ? null : JSON.stringify(value));

/** Deals the claimed tasks out: each request gets what was claimed on its terms, best first, up to its limit. */
function share(requests: readonly ClaimRequest[], tasks: readonly Task[]): Outcome<Task[]>[] {
  const left = new Map<string, Task[]>();
  for (const task of tasks.toSorted(byReadiness)) {
    const terms = termsOf(task.assignedTo, task.claimKind, task.leaseSeconds);
    const own = left.get(terms);
    if (own) own.push(task);
    else left.set(terms, [task]);
  }
  return requests.map(({ agentId, claimKind, leaseSeconds, limit }) => ({
    value: left.get(termsOf(agentId, claimKind, leaseSeconds))?.splice(0, limit) ?? [],
  }));
}

/** One agent may ask twice at the same time, for leases of different kinds. */
const termsOf = (agentId: string | null, kind: ClaimKind | null, seconds: number | null): string =>
  `${agentId} ${kind} ${seconds}`;

const byReadiness = (a: Task, b: Task): number =>
  rankOf(a.priority) - rankOf(b.priority) || a.readyAt.getTime() - b.readyAt.getTime() || (a.id < b.id ? -1 : 1);

function byTask(items: readonly Held[], tasks: readonly Task[]): Outcome<Task | undefined>[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  return items.map(({ taskId }) => ({ value: byId.get(taskId) }));
}

/**
 * The functions know a task once per call; what names the same one again goes into a call after it. When that one fails
 * it is answered by itself, for the calls before it are committed and must not be run again with it.
 */
function distinct<I extends Held, O>(flush: (tenantId: string, items: I[]) => Promise<Outcome<O>[]>) {
  return async (tenantId: string, items: I[]): Promise<Outcome<O>[]> => {
    const outcomes = new Map<I, Outcome<O> | undefined>();
    for (let left = items; left.length > 0; left = left.filter((item) => !outcomes.has(item))) {
      const round = [...new Map(left.map((item): [string, I] => [item.taskId, item]).toReversed()).values()];
      // In one order everywhere, so that two batches never wait for each other's rows in a circle.
      round.sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
      const results = await flush(tenantId, round).catch((error: unknown) => {
        if (left === items) throw error;
        return round.map(() => ({ error }));
      });
      round.forEach((item, index) => outcomes.set(item, results[index]));
    }
    return items.map((item) => outcomes.get(item) ?? { error: new Error('the batch gave no answer for an item') });
  };
}
