import { DomainError, type JsonObject } from '../../../shared/errors/index.js';
import { SlowConsumer, type Subscription, type WireEvent } from '../../../shared/events/index.js';
import { NodeStopping } from '../../../shared/http/index.js';
import { eventFrame } from './event-frames.js';
import type { SocketConnection } from './socket-connection.js';
import type { FeedPlace } from './subscribe.dto.js';

export interface Followed {
  feeds: readonly FeedPlace[];
  types?: string[] | undefined;
  subjects?: string[] | undefined;
  /** The named subscriber that was opened, and the epoch of this opening. */
  subscriber?: string | undefined;
  epoch?: number | undefined;
}

/** Brings the events of one subscription to its connection, at the pace at which that takes them. */
export class FeedPump {
  /** The cursors that the client knows, by feed. */
  private readonly told = new Map<string, number>();

  constructor(
    readonly id: string,
    readonly followed: Followed,
    private readonly subscription: Subscription,
    private readonly connection: SocketConnection,
    private readonly onSent: (events: number) => void,
  ) {}

  run(): void {
    this.subscription.onEnd((reason) => this.lastWords(reason));
    this.pump();
  }

  close(): void {
    this.connection.pumps.delete(this.id);
    this.subscription.close();
  }

  /** What is followed, and from where it would be followed on. */
  describe(): JsonObject {
    const { types, subjects, subscriber, epoch } = this.followed;
    return {
      subscription: this.id,
      feeds: this.places(),
      ...(types && { types }),
      ...(subjects && { subjects }),
      ...(subscriber !== undefined && { subscriber }),
      ...(epoch !== undefined && { epoch }),
    };
  }

  /** Moves the client's cursors past what its filter leaves out, so that it need not be read again when it comes back. */
  tellCursors(): void {
    for (const feed of this.feedIds()) {
      const next = this.subscription.cursorOf(feed);
      if (next > (this.told.get(feed) ?? next - 1)) this.sendRun(feed, [], next);
    }
  }

  private get isRunning(): boolean {
    return this.connection.pumps.get(this.id) === this;
  }

  /** Sends what waits as far as there is room, and goes on when there is more of either. */
  private readonly pump = (): void => {
    if (!this.isRunning) return;
    const room = this.connection.whenRoom();
    if (room) {
      void room.then(() => this.subscription.whenReady(this.pump));
      return;
    }
    this.send(this.subscription.take());
    this.subscription.whenReady(this.pump);
  };

  private send(events: readonly WireEvent[]): void {
    for (let start = 0, end = 0; start < events.length; start = end) {
      const feed = events[start]?.event.feedId ?? '';
      while (events[end]?.event.feedId === feed) end++;
      const run = start === 0 && end === events.length ? events : events.slice(start, end);
      const more = end < events.length && events.slice(end).some(({ event }) => event.feedId === feed);
      this.sendRun(feed, run, more ? (run.at(-1)?.seq ?? 0) : this.subscription.cursorOf(feed));
    }
    this.onSent(events.length);
  }

  private sendRun(feed: string, events: readonly WireEvent[], next: number): void {
    this.told.set(feed, next);
    const { bytes, payload } = eventFrame(this.connection.encoding, { subscription: this.id, feed, events, next });
    this.connection.sendFrame(bytes, payload);
  }

  /** Why it ends, and from where to follow on. */
  private lastWords(reason: Error): void {
    const { connection } = this;
    if (!this.isRunning) return;
    connection.pumps.delete(this.id);
    if (reason instanceof NodeStopping) {
      connection.leave('draining', reason.message);
      return;
    }
    const isOurs = reason instanceof DomainError && reason.kind !== 'internal';
    const { code, message: detail } = isOurs
      ? reason
      : { code: 'internal', message: 'The server failed on this feed.' };
    connection.notify('resync', { subscription: this.id, feeds: this.places(reason), code, detail });
    if (reason instanceof SlowConsumer) connection.close('slow_consumer', detail);
  }

  /** As `subscribe` takes them. Where events are gone, the oldest place there is. */
  private places(reason?: Error): JsonObject[] {
    const gone = reason instanceof DomainError && reason.kind === 'gone' ? reason.details : {};
    return this.followed.feeds.map(({ workspaceId }, index) => {
      const feed = this.feedIds()[index] ?? '';
      const after = gone.feedId === feed ? (gone.oldestCursor ?? 0) : this.subscription.cursorOf(feed);
      return { ...(workspaceId !== undefined && { workspaceId }), after };
    });
  }

  private feedIds(): string[] {
    return this.followed.feeds.map(({ workspaceId }) => workspaceId ?? this.connection.peer.caller.tenantId);
  }
}
