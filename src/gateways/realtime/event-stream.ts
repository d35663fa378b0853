import { Readable } from 'node:stream';
import { DomainError } from '../../shared/errors/index.js';
import { SlowConsumer, type Subscription } from '../../shared/events/index.js';
import { NodeStopping } from '../../shared/http/index.js';
import { frameOf, heartbeatFrame, noticeFrame, retryFrame } from './sse.js';

export interface EventStreamOptions {
  feedId: string;
  heartbeatMs: number;
  /** Called with how many events were handed over. */
  onSent: (events: number) => void;
  /** Called when it has said its last words, which the client is still to read. */
  onFinished: () => void;
  /** Called once, with why the stream ended; `undefined` when the client left. */
  onClosed: (reason: Error | undefined) => void;
}

const CHECK_MS = 1_000;
/** Handed over to the connection and not yet taken by it; what comes beyond waits in the subscription. */
const BUFFERED_BYTES = 64 * 1024;
/** A connection that takes nothing for so long is given up, also when the feed is silent or read from the log. */
const STALLED_MS = 30_000;
const RETRY_MS = 2_000;
/** Clients of a node that stops come back at times of their own, not all at once. */
const RETRY_AFTER_STOP_MS = 3_000;

/** A feed as server-sent events: from the cursor on, then live, until one side ends it. */
export class EventStream extends Readable {
  private readonly timer: NodeJS.Timeout;
  private pulling = false;
  private finished = false;
  private reason?: Error;
  /** By `performance.now()`. */
  private sentAt = performance.now();
  private askedAt = performance.now();

  constructor(
    private readonly subscription: Subscription,
    private readonly options: EventStreamOptions,
  ) {
    super({ highWaterMark: BUFFERED_BYTES });
    this.timer = setInterval(() => this.tick(), Math.min(CHECK_MS, options.heartbeatMs)).unref();
    this.push(retryFrame(RETRY_MS));
    subscription.onEnd((reason) => this.finish(reason));
  }

  override _read(): void {
    this.askedAt = performance.now();
    if (this.pulling) return;
    this.pulling = true;
    this.subscription.whenReady(this.pull);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.timer);
    this.subscription.close();
    this.options.onClosed(this.reason);
    callback(error);
  }

  private readonly pull = (): void => {
    this.pulling = false;
    // Taken and sent in one step: in between it could end, and its last words name a cursor past what was not sent.
    const events = this.finished || this.destroyed ? [] : this.subscription.take();
    if (events.length === 0) return;
    this.options.onSent(events.length);
    const [first] = events;
    this.send(first && events.length === 1 ? frameOf(first) : Buffer.concat(events.map(frameOf)));
  };

  private tick(): void {
    const now = performance.now();
    const isStalled = this.readableLength >= this.readableHighWaterMark && now - this.askedAt > STALLED_MS;
    if (isStalled) this.subscription.end(new SlowConsumer());
    else if (this.readableLength === 0 && now - this.sentAt >= this.options.heartbeatMs) {
      this.send(heartbeatFrame(this.subscription.cursorOf(this.options.feedId)));
    }
  }

  /** The last words: why it ends, and from where to read on. */
  private finish(reason: Error): void {
    if (this.finished || this.destroyed) return;
    this.finished = true;
    this.reason = reason;
    clearInterval(this.timer);
    if (reason instanceof NodeStopping) this.push(retryFrame(RETRY_MS / 2 + Math.random() * RETRY_AFTER_STOP_MS));
    const { name, cursor, ...words } = lastWords(reason, this.subscription.cursorOf(this.options.feedId));
    this.push(noticeFrame(name, cursor, { ...words, cursor }));
    this.push(null);
    this.options.onFinished();
  }

  private send(frame: Buffer | string): void {
    this.sentAt = performance.now();
    this.push(frame);
  }
}

/** `resync` where the reader missed something, or will; `end` where it can go on as if nothing had been. */
function lastWords(reason: Error, cursor: number) {
  if (!(reason instanceof DomainError) || reason.kind === 'internal') {
    return { name: 'end', cursor, code: 'internal', detail: 'The server failed on this stream.' } as const;
  }
  const { code, message: detail, kind } = reason;
  // What comes after the cursor is no longer there; the oldest that is kept is the only place to go on from.
  if (kind === 'gone')
    return { name: 'resync', cursor: Number(reason.details.oldestCursor ?? 0), code, detail } as const;
  return { name: kind === 'too_many' ? 'resync' : 'end', cursor, code, detail } as const;
}
