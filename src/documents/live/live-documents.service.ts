import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Doc } from 'yjs';
import { ChangeNotices, Wakeups } from '../../shared/events/index.js';
import { LiveCompaction } from './compaction.service.js';
import { LiveGuard } from './live-guard.js';
import { Room, type RoomClient, type RoomStore } from './room.js';
import { UpdatesRepository } from './updates.repository.js';

/** Carries a room's key, which is `tenant document`. */
const COMMITTED = 'live-document';
/** Carries a room's key and an awareness update in base64; without one it asks who is there. */
const AWARENESS = 'live-awareness';
/** A larger one is told on this node only: messages between nodes are short. */
const MAX_RELAYED_BYTES = 4 * 1024;
/** Heals what a lost message between the nodes left, while somebody has the document open. */
const LOOK_MS = 15_000;
const TICK_MS = 1_000;
const PRESENCE_MS = 100;
const NOBODY: ReadonlySet<RoomClient> = new Set();
const IDLE_MS = 30_000;
const COMPACT_UPDATES = 500;
const COMPACT_BYTES = 1024 * 1024;

/** What goes on between calls is in no transaction of theirs. */
const outside = AsyncLocalStorage.snapshot();

interface Open {
  tenantId: string;
  documentId: string;
  room: Room;
  /** Written here since the last compaction. */
  updates: number;
  bytes: number;
  lookedAt: number;
}

/** The live documents that are open on this node. Who may do what is decided by who calls. */
@Injectable()
export class LiveDocuments implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(LiveDocuments.name);
  private readonly rooms = new Map<string, Open>();
  private readonly asked = new Set<string>();
  private timer?: NodeJS.Timeout | undefined;
  private compacting: Promise<void> = Promise.resolve();

  constructor(
    private readonly updates: UpdatesRepository,
    private readonly compaction: LiveCompaction,
    private readonly guard: LiveGuard,
    private readonly wakeups: Wakeups,
    private readonly notices: ChangeNotices,
  ) {}

  onModuleInit(): void {
    this.wakeups.onBroadcast(COMMITTED, (key) => this.rooms.get(key)?.room.catchUp());
    this.wakeups.onBroadcast(AWARENESS, (payload) => {
      const [tenantId, documentId, update = ''] = payload.split(' ');
      const key = `${tenantId} ${documentId}`;
      const clients = this.rooms.get(key)?.room.clients ?? NOBODY;
      for (const client of clients) {
        if (update !== '') client.awareness(Buffer.from(update, 'base64'));
      }
      if (update === '' && clients !== NOBODY) this.presentSoon(key);
    });
    this.wakeups.onReconnect(() => {
      for (const { room } of this.rooms.values()) room.catchUp();
    });
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all([...this.rooms.values()].map(({ room }) => room.settled()));
    await this.compacting;
    for (const { room } of this.rooms.values()) room.destroy();
    this.rooms.clear();
  }

  /** The room of a live document, for a client to join; one that stays empty is left after 30 s. */
  room(tenantId: string, documentId: string): Room {
    const key = `${tenantId} ${documentId}`;
    const known = this.rooms.get(key);
    if (known) return known.room;
    const room = new Room(this.storeOf(tenantId, documentId), (failed, error) => this.failed(key, failed, error));
    this.rooms.set(key, { tenantId, documentId, room, updates: 0, bytes: 0, lookedAt: performance.now() });
    this.timer ??= outside(() => setInterval(() => this.tick(), TICK_MS).unref());
    return room;
  }

  /** Changes a live document. Answers its text after the commit. @throws NotFound */
  edit(tenantId: string, documentId: string, change: (doc: Doc) => void, authorId: string): Promise<string> {
    return this.room(tenantId, documentId).edit(authorId, change);
  }

  /** Replaces the text by what `rewrite` makes of it, as few changes as that takes. @throws what `rewrite` throws */
  rewrite(tenantId: string, documentId: string, authorId: string, rewrite: (text: string) => string): Promise<string> {
    return this.room(tenantId, documentId).rewrite(authorId, rewrite);
  }

  /** The committed text of a live document. */
  text(tenantId: string, documentId: string): Promise<string> {
    return this.room(tenantId, documentId).text();
  }

  /** Tells all but the sender who is there and where. */
  awareness(tenantId: string, documentId: string, update: Uint8Array, from?: RoomClient): void {
    const key = `${tenantId} ${documentId}`;
    for (const client of this.rooms.get(key)?.room.clients ?? []) if (client !== from) client.awareness(update);
    this.relay(key, update);
  }

  /** Tells a new client who is there, on all nodes. */
  introduce(tenantId: string, documentId: string, newcomer: RoomClient): void {
    const key = `${tenantId} ${documentId}`;
    for (const client of this.rooms.get(key)?.room.clients ?? []) {
      const presence = client === newcomer ? undefined : client.presence();
      if (presence) newcomer.awareness(presence);
    }
    this.wakeups.broadcast(AWARENESS, key);
  }

  /** Leaves rooms that nobody has used for a while, and looks whether others missed news. */
  tick(now = performance.now()): void {
    for (const [key, open] of this.rooms) {
      if (open.room.isEmpty) {
        if (now - open.room.emptySince < IDLE_MS) continue;
        this.rooms.delete(key);
        this.leave(open);
      } else if (now - open.lookedAt > LOOK_MS) {
        open.lookedAt = now;
        open.room.catchUp();
      }
    }
    if (this.rooms.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Tells the other nodes who is here, once for all who asked meanwhile: many come back at the same time. */
  private presentSoon(key: string): void {
    if (this.asked.has(key)) return;
    this.asked.add(key);
    setTimeout(() => {
      this.asked.delete(key);
      for (const client of this.rooms.get(key)?.room.clients ?? []) this.relay(key, client.presence());
    }, PRESENCE_MS).unref();
  }

  private relay(key: string, update: Uint8Array | undefined): void {
    if (!update || update.length > MAX_RELAYED_BYTES) return;
    this.wakeups.broadcast(AWARENESS, `${key} ${Buffer.from(update).toString('base64')}`);
  }

  private leave(open: Open): void {
    if (open.updates > 0) this.compact(open, 1);
    void open.room.settled().then(() => open.room.destroy());
  }

  private storeOf(tenantId: string, documentId: string): RoomStore {
    const key = `${tenantId} ${documentId}`;
    return {
      append: (updates) => this.updates.append(tenantId, documentId, updates),
      since: (after) => this.updates.since(tenantId, documentId, after),
      held: () => this.guard.held(tenantId, documentId),
      exclusively: (work) => this.guard.exclusively(tenantId, documentId, work),
      committed: (room, bytes, updates) => {
        this.wakeups.broadcast(COMMITTED, key);
        void this.notices.noted();
        const open = this.rooms.get(key);
        if (open?.room !== room) return;
        open.updates += updates;
        open.bytes += bytes;
        if (open.updates >= COMPACT_UPDATES || open.bytes >= COMPACT_BYTES) this.compact(open, 2);
      },
    };
  }

  /** One after the other: each takes the memory and the time of a whole document. */
  private compact(open: Open, atLeast: number): void {
    open.updates = 0;
    open.bytes = 0;
    const { tenantId, documentId } = open;
    this.compacting = this.compacting
      .then(() => outside(() => this.compaction.compact(tenantId, documentId, atLeast)))
      .catch((err: unknown) => this.logger.warn({ msg: 'a live document could not be compacted', documentId, err }));
  }

  private failed(key: string, room: Room, error: Error): void {
    if (this.rooms.get(key)?.room === room) this.rooms.delete(key);
    this.logger.warn({ msg: 'a live document was closed and is read again', document: key, err: error });
    for (const client of [...room.clients]) client.refused(error);
    room.destroy();
  }
}
