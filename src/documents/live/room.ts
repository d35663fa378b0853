import { AsyncLocalStorage } from 'node:async_hooks';
import * as Y from 'yjs';
import { DomainError } from '../../shared/errors/index.js';
import type { DocumentLock } from '../locks/lock.js';
import { refusal } from '../locks/lock-guard.js';
import { ReadOnlyMember } from './live.errors.js';
import type { Held } from './live-guard.js';
import { Replica, saysNothing } from './replica.js';
import type { AuthoredUpdate, StoredUpdate } from './updates.repository.js';

/** Somebody who has the document open on this node. */
export interface RoomClient {
  readonly authorId: string;
  readonly mayWrite: boolean;
  /** Finds out anew what it may, unless that was done a moment ago. */
  refresh(): Promise<void>;
  /** An update that is committed. */
  update(update: Uint8Array): void;
  /** What the document knows; the client sends what it has beyond that. */
  ask(stateVector: Uint8Array): void;
  /** Of another client, here or on another node. */
  awareness(update: Uint8Array): void;
  /** Who it says it is, as an awareness update; undefined while it has said nothing. */
  presence(): Uint8Array | undefined;
  refused(reason: Error): void;
  /** What it sent was taken back, and it stays. */
  denied(reason: Error): void;
}

/** Where a room's updates are kept. */
export interface RoomStore {
  append(updates: readonly AuthoredUpdate[]): Promise<number>;
  since(after: number): Promise<StoredUpdate[]>;
  held(): Promise<Held>;
  /** Runs `work` in a transaction of its own, in which nobody else writes to the document. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  committed(room: Room, bytes: number, updates: number): void;
}

/** A turn serves many callers and belongs to none: it runs in no transaction, trace or log context of theirs. */
const outside = AsyncLocalStorage.snapshot();

/** Updates that come within this time are one write and one message to each of the others. */
const GATHER_MS = 10;
/** So many may wait to be written, of one client. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** What is to be committed, and who knows of it already. */
interface Writing {
  updates: readonly AuthoredUpdate[];
  except?: RoomClient | undefined;
}

/** The author of what takes a change back. */
const SERVER = 'muster';

interface Incoming {
  update: Uint8Array;
  client: RoomClient;
}

/**
 * A live document on this node, while somebody has it open. Everything happens in turn, and a turn ends with its commit:
 * nobody is told of a change that may still be lost.
 */
export class Room {
  readonly clients = new Set<RoomClient>();
  sequence = 0;
  /** By `performance.now()`: when the last client left. */
  emptySince = performance.now();
  private readonly replica = new Replica();
  private incoming: Incoming[] = [];
  private readonly waiting = new Map<RoomClient, number>();
  private timer?: NodeJS.Timeout | undefined;
  private last: Promise<void> = Promise.resolve();
  private behind = false;
  private failure?: Error;

  constructor(
    private readonly store: RoomStore,
    private readonly onFailed: (room: Room, error: Error) => void,
  ) {
    this.soon(() => this.read());
  }

  get isEmpty(): boolean {
    return this.clients.size === 0 && this.incoming.length === 0;
  }

  /** Lets a client in, and asks who may write for what it has. */
  async join(client: RoomClient): Promise<void> {
    this.clients.add(client);
    await this.turn(() => {
      if (client.mayWrite) client.ask(Y.encodeStateVector(this.replica.doc));
    });
  }

  leave(client: RoomClient): void {
    this.clients.delete(client);
    if (this.clients.size === 0) this.emptySince = performance.now();
  }

  /** What a client lacks that knows what the vector says. */
  missing(stateVector: Uint8Array): Promise<Uint8Array> {
    return this.turn(() => Y.encodeStateAsUpdate(this.replica.doc, stateVector));
  }

  /** A client's update, to be written soon. */
  receive(client: RoomClient, update: Uint8Array): void {
    const waiting = (this.waiting.get(client) ?? 0) + update.length;
    // The one who sends faster than can be written is closed, and nobody else.
    if (waiting > MAX_WAITING_BYTES) return client.refused(new Error('Updates come faster than they are written.'));
    this.waiting.set(client, waiting);
    this.incoming.push({ client, update });
    this.timer ??= setTimeout(() => this.soon(() => this.write()), GATHER_MS);
  }

  /** Another node has written, perhaps. */
  catchUp(): void {
    if (this.behind) return;
    this.behind = true;
    this.soon(() => {
      this.behind = false;
      return this.read();
    });
  }

  /** The text, as it is committed. */
  async text(): Promise<string> {
    return this.turn(async () => {
      await this.read();
      return this.replica.text;
    });
  }

  /** Changes the document, as an author. Answers its text after the commit. @throws LockAcquisitionFailed */
  async edit(authorId: string, change: (doc: Y.Doc) => void): Promise<string> {
    let lock: DocumentLock | undefined;
    const text = await this.turn(async () => {
      await this.commit((held) => {
        const before = this.replica.text;
        const { update, finish } = this.replica.revocably((origin) => {
          this.replica.doc.transact(() => change(this.replica.doc), origin);
        });
        lock = update && held.against(authorId, before, this.replica.text);
        const inverse = finish(lock !== undefined);
        if (!update) return { updates: [] };
        const updates = [{ payload: update, authorId }, ...(inverse ? [{ payload: inverse, authorId: SERVER }] : [])];
        return { updates };
      });
      return this.replica.text;
    });
    if (lock) throw refusal(lock);
    return text;
  }

  /** Replaces the text by what `rewrite` makes of it. Where that throws, nothing has changed. */
  async rewrite(authorId: string, rewrite: (text: string) => string): Promise<string> {
    let refusal: unknown;
    const text = await this.edit(authorId, () => {
      try {
        this.replica.text = rewrite(this.replica.text);
      } catch (error) {
        refusal = error;
      }
    });
    if (refusal) throw refusal as Error;
    return text;
  }

  /** What came so far is written when it settles. */
  async settled(): Promise<void> {
    if (this.incoming.length > 0) this.soon(() => this.write());
    await this.last;
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.replica.doc.destroy();
  }

  private async write(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const incoming = this.incoming.splice(0);
    this.waiting.clear();
    await Promise.all([...new Set(incoming.map(({ client }) => client))].map((client) => client.refresh()));
    await this.commit((held) => this.judged(incoming, held));
  }

  /** What is to be written of what came, an operation for each author, and the one client that need not be told. */
  private judged(incoming: readonly Incoming[], held: Held): Writing {
    const byAuthor = new Map<string, Uint8Array[]>();
    const note = (authorId: string, update: Uint8Array): void => {
      const updates = byAuthor.get(authorId);
      if (updates) updates.push(update);
      else byAuthor.set(authorId, [update]);
    };
    const from = new Set<RoomClient | undefined>();
    for (const { client, update } of incoming) {
      const { taken, inverse } = this.beforeUpdate(client, update, held);
      if (taken) note(client.authorId, taken);
      if (inverse) note(SERVER, inverse);
      if (taken) from.add(inverse ? undefined : client);
    }
    const updates = [...byAuthor].map(([authorId, all]) => ({ authorId, payload: Y.mergeUpdates(all) }));
    // A client knows what it sent itself.
    return { updates, except: from.size === 1 ? [...from][0] : undefined };
  }

  /**
   * The one place where a client's update is judged. Answers what is to be written of it. A client whose update is
   * refused, or built on changes that were never sent, is told so. What others have locked is taken in together with
   * its inverse: its author could not take back what it did, so everybody ends at the text without it.
   */
  private beforeUpdate(
    client: RoomClient,
    update: Uint8Array,
    held: Held,
  ): { taken?: Uint8Array | undefined; inverse?: Uint8Array | undefined } {
    try {
      if (saysNothing(update)) return {};
      if (!client.mayWrite) throw new ReadOnlyMember();
      const before = held.concerns(client.authorId) ? this.replica.text : undefined;
      const { taken, whole, finish } = this.replica.take(update, before !== undefined);
      if (!whole) client.ask(Y.encodeStateVector(this.replica.doc));
      if (before === undefined) return { taken };
      const lock = taken && held.against(client.authorId, before, this.replica.text);
      if (lock) client.denied(refusal(lock));
      return { taken, inverse: finish(lock !== undefined) };
    } catch (error) {
      // Of any other error nobody knows what it has left behind.
      if (!(error instanceof DomainError)) throw error;
      client.refused(error);
      return {};
    }
  }

  /**
   * Writes what `make` makes of the document as it is committed, with nobody else writing meanwhile: two nodes that take
   * back the same deletion would both put the text in again.
   */
  private async commit(make: (held: Held) => Writing): Promise<void> {
    const { updates, except } = await this.store.exclusively(async () => {
      await this.read();
      const made = make(await this.store.held());
      if (made.updates.length > 0) this.sequence = await this.store.append(made.updates);
      return made;
    });
    if (updates.length === 0) return;
    const update = Y.mergeUpdates(updates.map(({ payload }) => payload));
    for (const client of this.clients) if (client !== except) client.update(update);
    this.store.committed(this, update.length, updates.length);
  }

  private async read(): Promise<void> {
    const stored = await this.store.since(this.sequence);
    const update = this.replica.load(stored);
    if (!update) return;
    this.sequence = stored.at(-1)?.sequence ?? this.sequence;
    for (const client of this.clients) client.update(update);
  }

  private soon(work: () => Promise<void>): void {
    this.turn(work).catch(() => undefined);
  }

  /** Runs `work` when all before it has ended. A room that failed in one turn is of no use any more: see `fail`. */
  private turn<T>(work: () => T | Promise<T>): Promise<T> {
    const turn = this.last.then(() =>
      outside(async () => {
        if (this.failure) throw this.failure;
        try {
          return await work();
        } catch (error) {
          this.fail(error as Error);
          throw error;
        }
      }),
    );
    this.last = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  /** Its copy may hold what was never committed: clients come again, to a room that is read from the database. */
  private fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    this.onFailed(this, error);
  }
}
