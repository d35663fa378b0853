import type { MusterClient } from '../client.js';
import { isPassing, MusterError, retryAfterMs } from '../errors.js';
import type { ClaimKind, Lease, Task } from '../methods.js';
import type { Answer, Entry, Outbox } from '../outbox/outbox.js';
import { Backoff, pause } from '../pause.js';
import { Assignment, type Given, heldBy } from './assignment.js';
import { Claims, type Terms } from './claims.js';
import { Desk } from './desk.js';
import { LeaseKeeper } from './lease-keeper.js';
import { untilDecided } from './persistence.js';
import type { Report } from './reports.js';
import { Source } from './source.js';
import { type Held, type TaskHandler, WorkAborted } from './task-handler.js';
import { failureOf } from './task-failure.js';

export interface RunParts {
  client: MusterClient;
  outbox: Outbox;
  report: Report;
  handler: TaskHandler;
  terms: Terms & { leaseSeconds: number; claimKind: ClaimKind };
  concurrency: number;
  waitSeconds: number;
  claimNext: boolean;
  graceMs: number;
}

/** After a claim that failed; doubled up to the longest. */
const RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;
/** What a claim under way gets to bring what it was given, which is then given back. */
const LAST_CLAIM_MS = 500;
/** What handlers get to end by themselves after the signal, and then the server to hear of it. */
const AFTER_ABORT_MS = 500;
const LAST_WORDS_MS = 2_000;

/** Claims tasks and has them handled, a bounded number at once, until it is stopped. */
export class AgentRun {
  private readonly running = new Map<Assignment, Promise<void>>();
  /** Nothing more is claimed. */
  private readonly stopping = new AbortController();
  /** A claim that still waits is hung up. */
  private readonly unwanted = new AbortController();
  /** Nothing more is sent. */
  private readonly silent = new AbortController();
  private readonly desk: Desk;
  private readonly keeper: LeaseKeeper;
  private readonly claims: Claims;
  private failure?: { error: unknown };
  /** Ends the wait for a slot. */
  private wake = (): void => undefined;

  constructor(private readonly parts: RunParts) {
    const { client, outbox, report, terms, waitSeconds } = parts;
    this.desk = new Desk(client, outbox, report, this.silent.signal);
    const { agentId, leaseSeconds } = terms;
    this.keeper = new LeaseKeeper({ client, report, agentId, leaseSeconds });
    this.claims = new Claims(client, outbox, report, terms, waitSeconds);
  }

  /** @throws what ended it besides the signal: a key that is refused, an agent that is gone, a disk that is full */
  async run(signal: AbortSignal | undefined): Promise<void> {
    const stop = (): void => this.stop();
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    this.keeper.start();
    try {
      const entries = await this.parts.outbox.pending();
      await this.resume(entries);
      await this.claimOn();
      await this.drain();
      await this.claims.close();
    } finally {
      this.keeper.stop();
      this.silent.abort();
      signal?.removeEventListener('abort', stop);
    }
    if (this.failure) throw this.failure.error;
  }

  /** Sends what an earlier run has not heard of, and goes on with what it held. */
  private async resume(entries: readonly Entry[]): Promise<void> {
    const ended = new Set(entries.map(endedBy));
    const resumeOne = async (entry: Entry): Promise<void> => {
      if (entry.leases) {
        const open = entry.leases.filter(({ taskId, epoch }) => !ended.has(`${taskId} ${epoch}`));
        await this.startHeld(open, entry);
      } else if (entry.method === 'task.claim') {
        this.claims.takeOver(entry);
      } else {
        const settled = await this.desk.settle(entry);
        if (settled.next) await this.startHeld([heldBy(settled.next)], settled.entry);
      }
    };
    await Promise.all(entries.map((entry) => resumeOne(entry).catch((error: unknown) => this.end(error))));
  }

  /** Goes on with those that are still held: what was given some time ago may have ended since. */
  private async startHeld(leases: readonly Held[], entry: Entry): Promise<void> {
    const source = new Source(entry, this.parts.outbox);
    source.opened();
    for (const lease of await this.stillHeld(leases)) this.start(lease, source);
    await source.ended();
  }

  /** With their tasks as they are now. */
  private async stillHeld(leases: readonly Held[]): Promise<Given[]> {
    if (leases.length === 0) return [];
    const { client, report, terms } = this.parts;
    const { signal } = this.stopping;
    const beat = () =>
      client.call('task.heartbeat', { leases: [...leases], leaseSeconds: terms.leaseSeconds }, { signal });
    const { results } = await untilDecided(beat, report, signal);
    const held = leases.filter((_, index) => results[index] && !results[index].code);
    if (held.length === 0) return [];
    const ids = held.map(({ taskId }) => taskId);
    const { items } = await untilDecided(() => client.call('task.getBatch', { ids }, { signal }), report, signal);
    const tasks = new Map(items.map((task) => [task.id, task]));
    return held.flatMap(({ taskId, epoch }) => {
      const task = tasks.get(taskId);
      return task ? [{ task, epoch }] : [];
    });
  }

  private async claimOn(): Promise<void> {
    const { signal } = this.stopping;
    for (const backoff = new Backoff(RETRY_MS, LONGEST_RETRY_MS); !signal.aborted;) {
      const room = this.parts.concurrency - this.running.size;
      if (room <= 0) {
        await new Promise<void>((resolve) => (this.wake = resolve));
        continue;
      }
      try {
        const { leases, entry, again } = await this.claims.claim(room, this.unwanted.signal);
        await this.begin(leases, entry, again);
        backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        if (isFatal(error)) return this.end(error);
        this.parts.report.trouble('Tasks could not be claimed and will be asked for again.', error);
        await pause(Math.max(retryAfterMs(error), backoff.next()), signal);
      }
    }
  }

  private async begin(leases: readonly Lease[], entry: Entry, isLate: boolean): Promise<void> {
    if (isLate) return this.startHeld(leases.map(heldBy), entry);
    const source = new Source(entry, this.parts.outbox);
    for (const lease of leases) this.start(lease, source);
  }

  private start(lease: Given, source: Source): void {
    const heldUntil = performance.now() + this.parts.terms.leaseSeconds * 1_000;
    const assignment = new Assignment(lease, source, heldUntil, this.parts.client);
    source.opened();
    const isMine = !this.stopping.signal.aborted && isWanted(assignment.task, this.parts.terms);
    const work = isMine ? this.work(assignment) : this.giveBack(assignment);
    const done = work
      .catch((error: unknown) => this.end(error))
      .finally(() => {
        this.keeper.drop(assignment);
        this.running.delete(assignment);
        this.wake();
      });
    this.running.set(assignment, done);
  }

  private async work(assignment: Assignment): Promise<void> {
    this.keeper.keep(assignment);
    const answer = await this.outcome(assignment);
    // Given back meanwhile.
    if (assignment.ending) return;
    await this.conclude(assignment, answer);
  }

  /** Says how it ended, and goes on with what came of that. */
  private async conclude(assignment: Assignment, answer: Answer | undefined): Promise<void> {
    assignment.ending = true;
    const askedAt = performance.now();
    const settled = answer && (await this.desk.answer(answer));
    if (settled?.next) {
      // Later than a heartbeat would have come.
      const isLate = performance.now() - askedAt > (this.parts.terms.leaseSeconds * 1_000) / 3;
      await this.begin([settled.next], settled.entry, isLate);
      this.running.delete(assignment);
    }
    await assignment.source.ended();
  }

  private async outcome(assignment: Assignment): Promise<Answer | undefined> {
    const { taskId: id, epoch } = assignment.lease;
    try {
      const result = (await this.parts.handler(assignment.task, assignment)) ?? null;
      // What is no JSON is the handler's failure.
      JSON.stringify(result);
      const { claimNext, terms } = this.parts;
      const goesOn = claimNext && !this.stopping.signal.aborted && this.running.size <= this.parts.concurrency;
      return { method: 'task.complete', params: { id, epoch, result, ...(goesOn && { claimNext: terms }) } };
    } catch (error) {
      const why = error instanceof WorkAborted ? error.why : assignment.aborted;
      if (why === 'lease_lost') return undefined;
      if (why) return { method: 'task.release', params: { id, epoch, reason: why } };
      return { method: 'task.fail', params: { id, epoch, error: failureOf(error) } };
    }
  }

  /** Lets handlers finish, tells those that take too long, and gives back what is left. */
  private async drain(): Promise<void> {
    await settled(this.running.values(), this.parts.graceMs);
    for (const assignment of this.running.keys()) assignment.abort('shutdown');
    await settled(this.running.values(), AFTER_ABORT_MS);
    const left = [...this.running.keys()].filter(({ ending }) => !ending);
    const answering = [...this.running].flatMap(([{ ending }, work]) => (ending ? [work] : []));
    const givingBack = left.map((assignment) => this.giveBack(assignment).catch((error: unknown) => this.end(error)));
    await settled([...answering, ...givingBack], LAST_WORDS_MS);
    this.silent.abort();
    await Promise.allSettled([...answering, ...givingBack]);
  }

  private giveBack(assignment: Assignment): Promise<void> {
    const { taskId: id, epoch } = assignment.lease;
    return this.conclude(assignment, { method: 'task.release', params: { id, epoch, reason: 'shutdown' } });
  }

  private stop(): void {
    if (this.stopping.signal.aborted) return;
    this.stopping.abort();
    this.wake();
    // Where handlers get all the time there is, so does the claim.
    if (this.parts.graceMs === Infinity) return;
    void pause(LAST_CLAIM_MS, this.silent.signal).then(() => this.unwanted.abort());
  }

  /** Something went wrong that will not go away by itself; or the time to say something is over. */
  private end(error: unknown): void {
    if (error === this.stopping.signal.reason) return;
    if (this.failure || this.silent.signal.aborted) this.parts.report.trouble('An answer was not acknowledged.', error);
    else this.failure = { error };
    this.stop();
  }
}

/** The lease that an answer ends. */
const endedBy = (entry: Entry): string | undefined =>
  entry.method === 'task.claim' ? undefined : `${entry.params.id} ${entry.params.epoch}`;

/** An earlier run may have claimed what this one's handler is not for. */
const isWanted = ({ type, workspaceId }: Task, { types, workspaceIds }: Terms): boolean =>
  (types?.includes(type) ?? true) && (workspaceIds?.includes(workspaceId) ?? true);

/** Asking again would bring the same. An agent that is not active may become so. */
const isFatal = (error: unknown): boolean =>
  !isPassing(error) && !(error instanceof MusterError && error.status === 409);

/** Waits until all have settled, at most so long. */
async function settled(work: Iterable<Promise<unknown>>, limitMs: number): Promise<void> {
  const limit = new AbortController();
  await Promise.race([pause(limitMs, limit.signal), Promise.allSettled(work)]);
  limit.abort();
}
