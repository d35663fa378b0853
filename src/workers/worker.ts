import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import { Transactions } from '../shared/database/index.js';
import { InvalidInput } from '../shared/errors/index.js';
import { ClaimsService, type Lease, MAX_CLAIM, MAX_HEARTBEATS } from '../tasks/index.js';
import { Assignment, type AssignmentParts } from './assignment.js';
import { LeaseKeeper } from './lease-keeper.js';
import { Slots } from './slots.js';
import { type Handler, TaskHandlers } from './task-handlers.js';
import { TaskRunner } from './task-runner.js';
import { WorkerAgent } from './worker-agent.js';
import {
  DEFAULT_CONCURRENCY,
  DEFAULT_SHUTDOWN_GRACE_MS,
  WORKER_OPTIONS,
  type WorkerOptions,
} from './worker.options.js';

/** After a claim that failed; doubled up to the longest. */
const RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;
/** What handlers get to end by themselves after the signal, before their tasks are given back. */
const AFTER_ABORT_MS = 500;

/** What a worker is made of. */
@Injectable()
export class WorkerParts implements AssignmentParts {
  constructor(
    readonly claims: ClaimsService,
    readonly transactions: Transactions,
    readonly handlers: TaskHandlers,
    readonly runner: TaskRunner,
    readonly keeper: LeaseKeeper,
  ) {}
}

/** Claims the tasks that this process has handlers for, and has them handled, a bounded number at once. */
@Injectable()
export class Worker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('worker');
  private readonly running = new Map<Assignment, Promise<void>>();
  private handlers: ReadonlyMap<string, Handler> = new Map();
  private slots = new Slots(0, new Map());
  /** Ends the present wait for work, or for a slot. */
  private wake = new AbortController();
  private claiming: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly parts: WorkerParts,
    private readonly agent: WorkerAgent,
    @Inject(WORKER_OPTIONS) private readonly options: WorkerOptions,
  ) {}

  /** How many tasks are being handled. */
  get busy(): number {
    return this.slots.taken;
  }

  /** Whoever is misconfigured does not start. */
  async onApplicationBootstrap(): Promise<void> {
    const { concurrency: asked = DEFAULT_CONCURRENCY, agent } = this.options;
    // Above the agent's capacity a claim would find nothing, and not be told when that changes.
    const concurrency = Math.min(concurrencyOf('the worker', asked), agent.capacity ?? asked);
    this.handlers = this.parts.handlers.find();
    const limits = [...this.handlers.values()].map((handler): [string, number] => [
      handler.type,
      concurrencyOf(handler.name, handler.concurrency ?? concurrency),
    ]);
    this.slots = new Slots(concurrency, new Map(limits));
    await this.agent.register();
    this.parts.keeper.start();
    this.claiming = this.claimOn();
  }

  /** Claims nothing more, lets handlers finish, tells those that take too long, and gives back what is left. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    this.wake.abort();
    const { shutdownGraceMs = DEFAULT_SHUTDOWN_GRACE_MS } = this.options;
    // A claim that is under way may bring tasks, which are then given back.
    await settled([this.claiming, ...this.running.values()], shutdownGraceMs);
    for (const assignment of this.running.keys()) assignment.abort('shutdown');
    await settled(this.running.values(), AFTER_ABORT_MS);
    await Promise.all([...this.running.keys()].map((assignment) => this.giveBack(assignment)));
    this.parts.keeper.stop();
  }

  private async claimOn(): Promise<void> {
    for (let failures = 0; !this.stopping;) {
      this.wake = new AbortController();
      const { signal } = this.wake;
      try {
        if (this.slots.room) await this.claim(signal);
        else await aborted(signal);
        failures = 0;
      } catch (error) {
        this.logger.warn({ msg: 'tasks could not be claimed and will be asked for again', err: error });
        await aborted(signal, Math.random() * Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** failures++));
      }
    }
  }

  private async claim(signal: AbortSignal): Promise<void> {
    let heldUntil = 0;
    const room = () => {
      // Taken before the claim: the database's lease ends later than what is believed here.
      heldUntil = performance.now() + this.agent.leaseMs;
      const now = this.stopping ? undefined : this.slots.room;
      return now && { ...now, limit: Math.min(now.limit, MAX_CLAIM) };
    };
    const leases = await this.agent.claim(room, signal);
    for (const lease of leases ?? []) this.start(lease, heldUntil);
  }

  private start({ task }: Lease, heldUntil: number): void {
    const handler = this.handlers.get(task.type);
    if (!handler) throw new TypeError(`A task of type ${task.type} was claimed, which nobody handles.`);
    const assignment = new Assignment(task, this.agent.caller, heldUntil, this.parts);
    if (this.stopping) {
      this.running.set(
        assignment,
        this.giveBack(assignment).finally(() => this.running.delete(assignment)),
      );
      return;
    }
    this.slots.take(task.type);
    this.running.set(assignment, this.work(assignment, handler));
  }

  private async work(assignment: Assignment, handler: Handler): Promise<void> {
    const { type } = handler;
    const { keeper, runner } = this.parts;
    keeper.keep(assignment);
    const following = () => (this.stopping ? undefined : this.slots.following(type));
    const next = await runner.run(assignment, handler, following);
    keeper.drop(assignment);
    this.running.delete(assignment);
    const wasFull = this.slots.giveBack(type);
    if (next) this.start(next.lease, next.heldUntil);
    if (wasFull && this.slots.room?.types.includes(type)) this.wake.abort();
  }

  /** What cannot be given back comes back when its lease ends. */
  private async giveBack(assignment: Assignment): Promise<void> {
    if (assignment.isEnding || assignment.lost) return;
    try {
      await this.parts.runner.release(assignment, 'shutdown');
    } catch (error) {
      this.logger.warn({ msg: 'a task was not given back', taskId: assignment.lease.taskId, err: error });
    }
  }
}

function concurrencyOf(of: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= MAX_HEARTBEATS) return value;
  throw InvalidInput.of(of, 'range', `The concurrency of ${of} must be a whole number from 1 to ${MAX_HEARTBEATS}.`);
}

/** Waits until all have settled, at most so long. */
async function settled(work: Iterable<Promise<unknown>>, limitMs: number): Promise<void> {
  const limit = new AbortController();
  await Promise.race([aborted(limit.signal, limitMs), Promise.allSettled(work)]);
  limit.abort();
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Waits until the signal fires, at most so long. */
async function aborted(signal: AbortSignal, limitMs = LONGEST_TIMER_MS): Promise<void> {
  // It rejects for no other reason than the signal.
  await pause(limitMs, undefined, { signal }).catch(() => undefined);
}
