import { Injectable } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { AgentNotActive, AgentsService } from '../agents/index.js';
import type { Caller } from '../shared/auth/index.js';
import { InvalidInput, type JsonObject, type JsonValue } from '../shared/errors/index.js';
import { Wakeups } from '../shared/events/index.js';
import { WorkspacesService } from '../workspaces/index.js';
import { type ClaimRequest, ClaimsRepository, type Held } from './claims.repository.js';
import type { ClaimKind, Task } from './task.entity.js';
import type { TaskStatus } from './task-state.js';
import { bounded } from './task-json.js';
import { refuse } from './refusal.js';
import { TasksRepository } from './tasks.repository.js';
import { WORK } from './work-news.js';

export const DEFAULT_LEASE_SECONDS = 60;
export const MAX_LEASE_SECONDS = 86_400;
export const MAX_CLAIM = 256;
export const MAX_HEARTBEATS = 1_000;

/**
 * A waiting claim looks again about this often, in case a wake-up was lost or a task has come due; a little sooner or
 * later each time, so that those who began together do not stay together.
 */
const LOOK_AGAIN_MS = 1_000;

export interface ClaimOptions {
  agentId: string;
  /** All workspaces of the tenant unless given. */
  workspaceIds?: string[];
  /** All types unless given. */
  types?: string[];
  /** 1 unless given, 256 at most. */
  limit?: number;
  /** 60 unless given, a day at most. */
  leaseSeconds?: number;
  /** `agent` unless given: the lease is taken away when it expires. */
  claimKind?: ClaimKind;
}

/** What a claim gives: the task, until when, and the epoch that every later write carries. */
export interface Lease {
  task: Task;
  epoch: number;
  leaseExpiresAt: Date;
}

/** What a heartbeat tells of one lease; `code` says why it was not extended. */
export interface HeartbeatResult {
  taskId: string;
  status: TaskStatus | 'unknown';
  leaseExpiresAt?: Date;
  /** The earlier of the attempt's timeout and the task's deadline. */
  endsAt?: Date;
  /** Three quarters of the time from the claim to `endsAt` are over, not counting what it waited for input. */
  endsSoon?: boolean;
  /** Stop, and release the task. */
  cancelRequested?: boolean;
  code?: 'lease_lost' | 'not_found';
}

export interface Completed {
  task: Task;
  /** What was claimed with the completion; absent when there was nothing. */
  next?: Lease;
}

/** A claim of one task that comes with a completion. */
export type NextClaim = Omit<ClaimOptions, 'limit'>;

export interface Failure {
  code: string;
  message: string;
  /** True unless said otherwise. */
  retryable?: boolean;
}

/** Claiming, and what only the holder of a task may do with it. */
@Injectable()
export class ClaimsService {
  constructor(
    private readonly claims: ClaimsRepository,
    private readonly tasks: TasksRepository,
    private readonly agents: AgentsService,
    private readonly workspaces: WorkspacesService,
    private readonly wakeups: Wakeups,
  ) {}

  /**
   * Takes the best ready tasks that the agent can do; none when there are none.
   * @throws NotFound for an unknown agent or workspace, AgentNotActive for one that takes no work
   */
  async claim(caller: Caller, options: ClaimOptions): Promise<Lease[]> {
    const tasks = await this.claims.claim(caller.tenantId, await this.requestOf(caller, options));
    return tasks.map(leaseOf);
  }

  /**
   * Makes an attempt at once and again whenever there may be work in the tenant, until one gives an answer or
   * `waitSeconds` have passed, or `signal` says that nobody waits for the answer any more. No attempt is under way
   * while it waits, so none holds a connection.
   */
  async waitForWork<T>(
    caller: Caller,
    waitSeconds: number,
    attempt: () => Promise<T | undefined>,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    const end = performance.now() + waitSeconds * 1000;
    for (;;) {
      // Before the attempt, so that what happens between the look and the wait is noticed.
      using watch = this.wakeups.watchTopic(caller.tenantId, WORK);
      const answer = await attempt();
      const left = end - performance.now();
      if (answer !== undefined || left <= 0 || this.wakeups.stopping) return answer;
      await watch.wait(Math.min(left, LOOK_AGAIN_MS * (0.75 + Math.random() / 2)), signal);
      if (signal?.aborted) return undefined;
    }
  }

  /** Extends leases, each answered on its own: one that is lost does not hurt the others. */
  async heartbeat(caller: Caller, leases: readonly Held[], leaseSeconds?: number): Promise<HeartbeatResult[]> {
    within('leases', leases.length, 1, MAX_HEARTBEATS);
    const seconds = leaseSeconds === undefined ? null : within('leaseSeconds', leaseSeconds, 1, MAX_LEASE_SECONDS);
    const beats = leases.map(({ taskId, epoch }) => ({ taskId, epoch, leaseSeconds: seconds }));
    const extended = await this.claims.heartbeat(caller.tenantId, beats);
    const lost = leases.filter((_, index) => !extended[index]).map((lease) => lease.taskId);
    const current = await this.tasks.findManyCurrent(caller.tenantId, lost);
    return leases.map(({ taskId }, index) => heartbeatResult(taskId, seconds, extended[index], current.get(taskId)));
  }

  async progress(
    caller: Caller,
    held: Held,
    report: { percent?: number; message?: string; partial?: JsonValue },
  ): Promise<Task> {
    const partial = bounded('partial', report.partial ?? null);
    const percent = report.percent === undefined ? null : within('percent', report.percent, 0, 100);
    const message = report.message ?? null;
    const done = await this.claims.progress(caller.tenantId, {
      ...held,
      actorId: caller.actorId,
      percent,
      message,
      partial,
    });
    return done ?? refuse(this.tasks, caller, held, 'in_progress');
  }

  /** Finishes the task. A repeat by the winner with the same result is answered with the task as it was finished. */
  async complete(caller: Caller, held: Held, result: JsonValue = null): Promise<Task> {
    bounded('result', result);
    const done = await this.claims.complete(caller.tenantId, { ...held, actorId: caller.actorId, result });
    return done ?? this.repeated(caller, held, result);
  }

  /**
   * As `complete`, and claims one task with it: in the same transaction and round trip where there is work at once,
   * else by a second look at everything. When the completion is refused nothing is claimed; an agent that takes no work
   * any more completes and gets nothing.
   * @throws what `complete` and `claim` throw, before anything is done
   */
  async completeAndClaim(caller: Caller, held: Held, result: JsonValue, next: NextClaim): Promise<Completed> {
    bounded('result', result);
    const request = await this.requestOf(caller, { ...next, limit: 1 }).catch((error: unknown) => {
      if (error instanceof AgentNotActive) return undefined;
      throw error;
    });
    if (!request) return { task: await this.complete(caller, held, result) };
    const completion = { ...held, actorId: caller.actorId, result, next: request };
    const done = await this.claims.completeAndClaim(caller.tenantId, completion);
    if (done) return { task: done.task, ...(done.next && { next: leaseOf(done.next) }) };

    const task = await this.repeated(caller, held, result);
    const [claimed] = await this.claims.claim(caller.tenantId, request);
    return { task, ...(claimed && { next: leaseOf(claimed) }) };
  }

  /** Ends the attempt: the task is pending again, or failed when its attempts are used up or a retry makes no sense. */
  async fail(caller: Caller, held: Held, failure: Failure): Promise<Task> {
    const { code, message, retryable = true } = failure;
    const error = bounded('error', { code, message }) as JsonObject;
    const ended = await this.claims.endAttempt(caller.tenantId, {
      ...held,
      actorId: caller.actorId,
      outcome: 'failed',
      error,
      retryable,
    });
    return ended ?? refuse(this.tasks, caller, held, 'failed');
  }

  /** Gives the task back unfinished; the attempt does not count. */
  async release(caller: Caller, held: Held, reason?: string): Promise<Task> {
    const ended = await this.claims.endAttempt(caller.tenantId, {
      ...held,
      actorId: caller.actorId,
      outcome: 'released',
      error: reason === undefined ? null : { code: 'released', message: reason },
      retryable: true,
    });
    return ended ?? refuse(this.tasks, caller, held, 'pending');
  }

  private async requestOf(caller: Caller, options: ClaimOptions): Promise<ClaimRequest> {
    const limit = within('limit', options.limit ?? 1, 1, MAX_CLAIM);
    const leaseSeconds = within('leaseSeconds', options.leaseSeconds ?? DEFAULT_LEASE_SECONDS, 1, MAX_LEASE_SECONDS);
    const agent = await this.agents.getForClaim(caller.tenantId, options.agentId);
    const workspaces = options.workspaceIds && [...new Set(options.workspaceIds)].sort();
    if (workspaces) await this.assertWorkspaces(caller, workspaces);
    return {
      agentId: agent.id,
      actorId: caller.actorId,
      capabilities: agent.capabilities,
      capacity: agent.capacity,
      workspaceIds: workspaces ?? null,
      types: options.types ? [...new Set(options.types)].sort() : null,
      limit,
      leaseSeconds,
      claimKind: options.claimKind ?? 'agent',
    };
  }

  /** The answer to a completion that was made before, by the same holder and with the same result. */
  private async repeated(caller: Caller, held: Held, result: JsonValue): Promise<Task> {
    const task = await this.tasks.findCurrent(caller.tenantId, held.taskId);
    const repeated = task?.status === 'completed' && task.epoch === held.epoch;
    if (repeated && isDeepStrictEqual(task.result, asStored(result))) return task;
    return refuse(this.tasks, caller, held, 'completed');
  }

  private async assertWorkspaces(caller: Caller, ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.workspaces.get(caller, id);
  }
}

function leaseOf(task: Task): Lease {
  if (!task.leaseExpiresAt) throw new TypeError(`The claimed task ${task.id} has no lease.`);
  return { task, epoch: task.epoch, leaseExpiresAt: task.leaseExpiresAt };
}

function heartbeatResult(
  taskId: string,
  seconds: number | null,
  extended: Task | undefined,
  current: Task | undefined,
): HeartbeatResult {
  if (extended?.leaseExpiresAt) return stillYours(extended, extended.leaseExpiresAt, seconds);
  if (current) return { taskId, status: current.status, code: 'lease_lost' };
  return { taskId, status: 'unknown', code: 'not_found' };
}

/** The heartbeat has set the lease's end from the database's time, which is so known here. */
function stillYours(task: Task, leaseExpiresAt: Date, leaseSeconds: number | null): HeartbeatResult {
  const { id: taskId, status, timeoutAt, timeoutSeconds, awaitingSince, deadline, cancelRequestedAt } = task;
  const now = leaseExpiresAt.getTime() - (leaseSeconds ?? task.leaseSeconds ?? 0) * 1_000;
  // The timeout stands still while the attempt waits for input: it is later by the time that it has waited.
  const timeout = (timeoutAt?.getTime() ?? Infinity) + (awaitingSince ? now - awaitingSince.getTime() : 0);
  const begin = timeout - timeoutSeconds * 1_000;
  const end = Math.min(timeout, deadline?.getTime() ?? Infinity);
  return {
    taskId,
    status,
    leaseExpiresAt,
    ...(Number.isFinite(end) && { endsAt: new Date(end), endsSoon: now >= begin + (end - begin) * 0.75 }),
    cancelRequested: cancelRequestedAt !== null,
  };
}

function within(field: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw InvalidInput.of(field, 'range', `${field} must be a whole number from ${least} to ${most}`);
}

/** As it comes back from the database: JSON knows neither members that are undefined nor -0. */
const asStored = (value: JsonValue): JsonValue => JSON.parse(JSON.stringify(value)) as JsonValue;
