import { HybridLogicalClock, SharedState, type StateOperation } from '../shared/crdt/index.js';
import type { JsonValue } from '../shared/errors/index.js';
import { type AskedOperation, SERVER_REPLICA } from './shared-state-request.js';
import type { KnownOperation } from './shared-state.repository.js';
import { MAX_STATE_BYTES } from './state.service.js';
import { OperationIdReused, StateTooLarge } from './workspaces.errors.js';

/** What an operation came to. */
export interface OperationResult {
  path: string;
  /** False where it was known already, and changed nothing. */
  applied: boolean;
  /** What stands at the path after all operations of the call; undefined where nothing does. */
  value?: JsonValue | undefined;
}

/** A locked state while calls of one batch change it, each as a whole or not at all. */
export class SharedStateDraft {
  /** What was accepted, call by call. */
  private readonly news: SharedState[] = [];
  /** The state with the first `merged` of these, once a call had to be undone. */
  private accepted?: SharedState;
  private merged = 0;
  /** Operations with ids, accepted here or before. */
  private readonly digests: Map<string, Buffer>;
  private readonly fresh: KnownOperation[] = [];
  private state: SharedState;
  /** At least the bytes of the state's text: the sum of all parts. */
  private bytes: number;
  private readonly clock: HybridLogicalClock;
  /** Looks at timestamps of others only. */
  private readonly guard: HybridLogicalClock;

  /**
   * @param stored the state's JSON text
   * @param now milliseconds since 1970, by the database
   * @param known operations of the batch that were taken before
   */
  constructor(
    private readonly stored: string,
    now: number,
    known: readonly KnownOperation[] = [],
  ) {
    this.state = read(stored);
    this.bytes = Buffer.byteLength(stored);
    this.digests = new Map(known.map(({ id, digest }) => [id, digest]));
    const time = () => now;
    this.guard = new HybridLogicalClock(SERVER_REPLICA, { time });
    // What is stored was looked at when it came; a database's clock that was set back refuses nobody.
    this.clock = new HybridLogicalClock(SERVER_REPLICA, { time, maxAheadMs: Infinity });
    const latest = this.state.latestTime();
    if (latest !== undefined) this.clock.receive(latest);
  }

  get changed(): boolean {
    return this.news.length > 0;
  }

  get remembered(): readonly KnownOperation[] {
    return this.fresh;
  }

  get vectorClock(): Record<string, number> {
    return this.state.clock.toJSON();
  }

  get text(): string {
    return JSON.stringify(this.state);
  }

  /** @throws OperationIdReused, StateTooLarge, and what `SharedState` and `HybridLogicalClock` refuse, with nothing changed */
  perform(operations: readonly AskedOperation[]): OperationResult[] {
    const applied = this.whole(() => operations.map((operation) => this.performOne(operation)));
    const last = new Map(operations.map(({ path }, index) => [path, index]));
    // Once for each path: a large value in the answer of every operation on it would make much of a small request.
    return operations.map(({ path }, index) => ({
      path,
      applied: applied[index] ?? false,
      ...(last.get(path) === index && { value: this.state.at(path) }),
    }));
  }

  /** @throws ClockFromNowhere, ClockTooFarAhead, StateTooLarge, InvalidInput maxReplicas, with nothing changed */
  merge(replica: string, sent: SharedState): void {
    this.whole(() => this.receive(replica, sent, sent.latestTime()));
  }

  private performOne({ change, known, made }: AskedOperation): boolean {
    const digest = known && this.digests.get(known.id);
    if (known && digest && !digest.equals(known.digest)) throw new OperationIdReused(known.id);
    const applied = digest ? false : made ? this.receiveOne(made) : this.make(change);
    if (known && !digest) {
      this.digests.set(known.id, known.digest);
      this.fresh.push(known);
    }
    return applied;
  }

  private make(change: AskedOperation['change']): true {
    const operation = this.state.perform(change, SERVER_REPLICA, this.clock.now());
    this.keep(SharedState.of(operation));
    return true;
  }

  private receiveOne({ operation, news }: { operation: StateOperation; news: SharedState }): boolean {
    return this.receive(operation.id.replica, news, operation.time);
  }

  private receive(replica: string, sent: SharedState, time: string | undefined): boolean {
    this.state.assertNewsOf(replica, sent);
    if (time !== undefined) this.guard.receive(time);
    // Of what is known, nothing is taken: a sender's state could otherwise remove what no operation of its removed.
    if (!this.state.lacks(sent)) return false;
    if (time !== undefined) this.clock.receive(time);
    this.state.merge(sent);
    this.keep(sent);
    return true;
  }

  private keep(news: SharedState): void {
    this.news.push(news);
    this.bytes += Buffer.byteLength(JSON.stringify(news));
  }

  private whole<T>(change: () => T): T {
    const [news, fresh, bytes] = [this.news.length, this.fresh.length, this.bytes];
    try {
      const result = change();
      this.assertFits();
      return result;
    } catch (error) {
      for (const { id } of this.fresh.splice(fresh)) this.digests.delete(id);
      if (this.news.length > news) this.undo(news, bytes);
      throw error;
    }
  }

  /** Reading a full state takes 12 ms, copying it 1: a batch of calls that fail half-way must not stop the node. */
  private undo(news: number, bytes: number): void {
    this.accepted ??= read(this.stored);
    for (const one of this.news.slice(this.merged, news)) this.accepted.merge(one);
    this.merged = this.news.length = news;
    this.bytes = bytes;
    this.state = new SharedState();
    this.state.merge(this.accepted);
  }

  private assertFits(): void {
    if (this.bytes <= MAX_STATE_BYTES) return;
    this.bytes = Buffer.byteLength(this.text);
    if (this.bytes > MAX_STATE_BYTES) throw new StateTooLarge(this.bytes, MAX_STATE_BYTES);
  }
}

const read = (text: string): SharedState => SharedState.fromJSON(JSON.parse(text));
