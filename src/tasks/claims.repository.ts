import { Injectable, Logger } from '@nestjs/common';
import { AggregateRepository, Operation, type Outcome, Persistence } from '../shared/database/index.js';
import type { JsonObject, JsonValue } from '../shared/errors/index.js';
import { type Traced, traced } from '../shared/metrics/index.js';
import { BEGINNING, type Place, ReadyPlaces } from './ready-places.js';
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

/** A completion by an agent that goes on with the next task. */
export interface CompletionAndClaim extends Completion {
  /** For one task. */
  next: ClaimRequest;
}

/** The completed task, and what was claimed after it. */
export interface CompletedAndClaimed {
  task: Task;
  next?: Task;
}

/** How an attempt ends without a result. */
export type EndOutcome = 'failed' | 'released' | 'expired' | 'timed_out';

export interface AttemptEnd extends Held {
  actorId: string;
  outcome: EndOutcome;
  error: JsonObject | null;
  retryable: boolean;
}

/**
 * Claims and what claimants write. Each operation is one database function for a whole batch; `undefined` as an answer
 * means the epoch was not the newest or the task is not held, and the caller finds out which.
 */
@Injectable()
export class ClaimsRepository extends AggregateRepository {
  private readonly logger = new Logger('claims');
  private readonly claims = this.batched<Traced<ClaimRequest>, Task[]>({
    operation: 'claims.claim',
    flush: (tenantId, requests) => this.flushClaims(tenantId, requests),
    queueOf: kindOf,
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
  private readonly completionsAndClaims = this.batched({
    operation: 'claims.completeAndClaim',
    flush: distinct((tenantId, items: Traced<CompletionAndClaim>[]) => this.flushCompletionsAndClaims(tenantId, items)),
    queueOf: ({ next }: Traced<CompletionAndClaim>) => kindOf(next),
    lanes: 1,
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
    private readonly places: ReadyPlaces,
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

  /** As `complete`; the claim is made only when the completion is not refused. */
  @Operation()
  async completeAndClaim(tenantId: string, completion: CompletionAndClaim): Promise<CompletedAndClaimed | undefined> {
    return this.completionsAndClaims(tenantId, traced(completion));
  }

  @Operation()
  async endAttempt(tenantId: string, end: AttemptEnd): Promise<Task | undefined> {
    return this.ends(tenantId, traced(end));
  }

  /** Suspends the attempt until input comes; undefined when it is not the newest, not running or asked to stop. */
  @Operation()
  async awaitInput(tenantId: string, { taskId, epoch }: Held, request: JsonValue): Promise<Task | undefined> {
    return this.change(
      tenantId,
      `UPDATE tasks SET status = 'awaiting_input', awaiting_since = clock_timestamp(), input_request = $4, input = NULL,
         updated_at = clock_timestamp(), version = version + 1
       WHERE tenant_id = $1 AND id = $2 AND epoch = $3 AND status = 'in_progress' AND cancel_requested_at IS NULL
       RETURNING *`,
      [taskId, epoch, json(request)],
    );
  }

  /** Goes on with the attempt: its lease begins anew, and its timeout is later by the time that it waited. */
  @Operation()
  async giveInput(tenantId: string, taskId: string, input: JsonValue): Promise<Task | undefined> {
    return this.change(
      tenantId,
      `UPDATE tasks SET status = 'in_progress', input = $3, awaiting_since = NULL,
         lease_expires_at = clock_timestamp() + make_interval(secs => lease_seconds),
         timeout_at = timeout_at + (clock_timestamp() - awaiting_since),
         updated_at = clock_timestamp(), version = version + 1
       WHERE tenant_id = $1 AND id = $2 AND status = 'awaiting_input' AND deleted_at IS NULL RETURNING *`,
      [taskId, json(input)],
    );
  }

  private async change(tenantId: string, sql: string, values: readonly unknown[]): Promise<Task | undefined> {
    const [row] = await this.query(sql, [tenantId, ...values]);
    if (!row) return undefined;
    const task = this.tasks.toTask(row);
    await this.tasks.changed(tenantId, [task]);
    return task;
  }

  private async flushClaims(tenantId: string, requests: Traced<ClaimRequest>[]): Promise<Outcome<Task[]>[]> {
    const [first] = requests;
    if (!first) return [];
    return share(requests, await this.look(tenantId, first, (place) => this.claimFrom(tenantId, requests, place)));
  }

  private async flushCompletionsAndClaims(
    tenantId: string,
    items: Traced<CompletionAndClaim>[],
  ): Promise<Outcome<CompletedAndClaimed | undefined>[]> {
    const [first] = items;
    if (!first) return [];
    let completed: Map<string, Task> | undefined;
    const winners = () => items.filter((item) => completed?.has(item.taskId));
    const claimed = await this.look(tenantId, first.next, async (place) => {
      if (completed) return this.claimAfter(tenantId, winners(), place);
      const tasks = await this.completeAndClaimFrom(tenantId, items, first.next, place);
      completed = new Map(tasks.filter(isCompleted).map((task) => [task.id, task]));
      return tasks.filter((task) => task.status === 'in_progress' && isOwn(task));
    });
    const next = new Map<Held, Task | undefined>();
    const dealt = winners();
    share(
      dealt.map((item) => item.next),
      claimed,
    ).forEach((outcome, index) => {
      const item = dealt[index];
      if (item && 'value' in outcome) next.set(item, outcome.value[0]);
    });
    return items.map((item) => {
      const task = completed?.get(item.taskId);
      const following = next.get(item);
      return { value: task && { task, ...(following && { next: following }) } };
    });
  }

  private claimFrom(tenantId: string, requests: readonly Traced<ClaimRequest>[], place: Place): Promise<Task[]> {
    const [first] = requests;
    return this.tasks.call('task_claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)', tenantId, [
      first?.capabilities,
      first?.workspaceIds,
      first?.types,
      requests.map((request) => request.agentId),
      requests.map((request) => request.limit),
      requests.map((request) => request.capacity),
      requests.map((request) => request.leaseSeconds),
      requests.map((request) => request.claimKind),
      requests.map((request) => request.actorId),
      requests.map((request) => request.trace),
      place.at,
      place.ids,
    ]);
  }

  private completeAndClaimFrom(
    tenantId: string,
    items: readonly Traced<CompletionAndClaim>[],
    terms: ClaimRequest,
    place: Place,
  ): Promise<Task[]> {
    return this.completeFrom(tenantId, items, [
      terms.capabilities,
      terms.workspaceIds,
      terms.types,
      items.map(({ next }) => next.agentId),
      items.map(({ next }) => next.capacity),
      items.map(({ next }) => next.leaseSeconds),
      items.map(({ next }) => next.claimKind),
      place.at,
      place.ids,
    ]);
  }

  private completeFrom(
    tenantId: string,
    items: readonly Traced<Completion>[],
    claims: readonly unknown[],
  ): Promise<Task[]> {
    const call = 'task_complete($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)';
    return this.tasks.call(call, tenantId, [
      items.map((item) => item.taskId),
      items.map((item) => item.epoch),
      items.map((item) => json(item.result)),
      items.map((item) => item.actorId),
      items.map((item) => item.trace),
      ...claims,
    ]);
  }

  /** The completions are committed and must be answered: a claim that fails gives their agents nothing. */
  private async claimAfter(
    tenantId: string,
    items: readonly Traced<CompletionAndClaim>[],
    place: Place,
  ): Promise<readonly Task[]> {
    if (items.length === 0) return [];
    const requests = items.map(({ next, trace }) => ({ ...next, trace }));
    return this.claimFrom(tenantId, requests, place).catch((error: unknown) => {
      this.logger.warn({ msg: 'nothing could be claimed after completions', tenantId, err: error });
      return [];
    });
  }

  /** What a transaction claims may be rolled back, so it moves no marks. */
  private look(
    tenantId: string,
    terms: ClaimRequest,
    look: (place: Place) => Promise<readonly Task[]>,
  ): Promise<readonly Task[]> {
    return this.inTransaction ? look(BEGINNING) : this.places.look(tenantId, kindOf(terms), look);
  }

  private async flushHeartbeats(tenantId: string, beats: Heartbeat[]): Promise<Outcome<Task | undefined>[]> {
    // Past `call`: a heartbeat is not in the log.
    const tasks = await this.tasks.rowsOf('task_heartbeat($1, $2, $3, $4)', [
      tenantId,
      beats.map((beat) => beat.taskId),
      beats.map((beat) => beat.epoch),
      beats.map((beat) => beat.leaseSeconds),
    ]);
    // One that is never taken away may have been overdue, and is not any more.
    const spared = tasks.filter((task) => task.claimKind !== 'agent');
    if (spared.length > 0) await this.tasks.changed(tenantId, spared);
    return byTask(beats, tasks);
  }

  private async flushProgress(tenantId: string, items: Traced<Progress>[]): Promise<Outcome<Task | undefined>[]> {
    const tasks = await this.tasks.call('task_progress($1, $2, $3, $4, $5, $6, $7, $8)', tenantId, [
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
    const tasks = await this.completeFrom(tenantId, items, NO_CLAIMS);
    return byTask(items, tasks.filter(isCompleted));
  }

  private async flushEnds(tenantId: string, items: Traced<AttemptEnd>[]): Promise<Outcome<Task | undefined>[]> {
    const tasks = await this.tasks.call('task_end_attempt($1, $2, $3, $4, $5, $6, $7, $8)', tenantId, [
      items[0]?.outcome,
      items.map((item) => item.taskId),
      items.map((item) => item.epoch),
      items.map((item) => json(item.error)),
      items.map((item) => item.retryable),
      items.map((item) => item.actorId),
      items.map((item) => item.trace),
    ]);
    return byTask(items, tasks.filter(isOwn));
  }
}

/** The arguments of `task_complete` for claims. */
const NO_CLAIMS = Array.from({ length: 9 }, () => null);

/** Claims of one kind are dealt out together: they find the same tasks. */
const kindOf = ({ capabilities, workspaceIds, types }: ClaimRequest): string =>
  JSON.stringify([capabilities, workspaceIds, types]);

/** Dependants that changed are given without their epoch: a refused task of the call may be among them. */
const isOwn = ({ epoch }: Task): boolean => epoch > 0;

const isCompleted = (task: Task): boolean => task.status === 'completed' && isOwn(task);

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
