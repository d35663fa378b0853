import type { MusterClient } from '../client.js';
import { MusterError, Unreachable } from '../errors.js';
import type { ClaimKind, Lease } from '../methods.js';
import type { Answer, Entry, Outbox } from '../outbox/outbox.js';
import { Backoff, pause } from '../pause.js';
import { Assignment } from './assignment.js';
import { Claims, type Terms } from './claims.js';
import { Desk, isKeyRefused } from './desk.js';
import { LeaseKeeper } from './lease-keeper.js';
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
    this.keeper = new LeaseKeeper({ client, report, ...terms });
    this.claims = new Claims(client, outbox, terms, waitSeconds);
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
      const leases = await this.leasesOf(entry);
      if (leases.length === 0) return;
      const source = new Source(entry, this.parts.outbox);
      leases.forEach(() => source.opened());
      const held = await this.stillHeld(leases.filter(({ task, epoch }) => !ended.has(`${task.id} ${epoch}`)));
      for (const lease of held) this.start(lease, source);
      for (let n = 0; n < leases.length; n++) await source.ended();
    };
    await Promise.all(entries.map((entry) => resumeOne(entry).catch((error: unknown) => this.end(error))));
  }

  private async leasesOf(entry: Entry): Promise<Lease[]> {
    if (entry.method !== 'task.claim') return [(await this.desk.settle(entry)).next ?? []].flat();
    try {
      const leases = await this.desk.ask(entry, this.stopping.signal);
      if (leases.length === 0) await this.parts.outbox.remove(entry);
      return leases;
    } catch (error) {
      if (!(error instanceof MusterError) || isKeyRefused(error)) throw error;
      await this.parts.outbox.remove(entry);
      this.parts.report.trouble('A claim of an earlier run was refused.', error);
      return [];
    }
  }

  private async stillHeld(leases: readonly Lease[]): Promise<Lease[]> {
    if (leases.length === 0) return [];
    const asked = leases.map(({ task, epoch }): Held => ({ taskId: task.id, epoch }));
    const options = { patienceMs: Infinity, signal: this.stopping.signal };
    const { results } = await this.parts.client.call('task.heartbeat', { leases: asked }, options);
    return leases.filter((_, index) => results[index]?.code === undefined);
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
        const { leases, source } = await this.claims.claim(room, this.unwanted.signal);
        for (const lease of leases) this.start(lease, source);
        backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        if (isFatal(error)) return this.end(error);
        this.parts.report.trouble('Tasks could not be claimed and will be asked for again.', error);
        await pause(backoff.next(), signal);
      }
    }
  }

  private start(lease: Lease, source: Source): void {
    const heldUntil = performance.now() + this.parts.terms.leaseSeconds * 1_000;
    const assignment = new Assignment(lease, source, heldUntil, this.parts.client);
    source.opened();
    const work = this.stopping.signal.aborted ? this.giveBack(assignment) : this.work(assignment);
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
    const settled = answer && (await this.desk.answer(answer));
    if (settled?.next) {
      this.running.delete(assignment);
      this.start(settled.next, new Source(settled.entry, this.parts.outbox));
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

/** Asking again would bring the same. An agent that is not active may become so. */
function isFatal(error: unknown): boolean {
  if (!(error instanceof MusterError)) return !(error instanceof Unreachable);
  return error.status < 500 && error.status !== 409 && error.status !== 429;
}

/** Waits until all have settled, at most so long. */
async function settled(work: Iterable<Promise<unknown>>, limitMs: number): Promise<void> {
  const limit = new AbortController();
  await Promise.race([pause(limitMs, limit.signal), Promise.allSettled(work)]);
  limit.abort();
}
