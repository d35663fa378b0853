import { Calls, type CallsOptions } from '../calls.js';
import { isPassing, retryAfterMs } from '../errors.js';
import type { Http, ServerOptions } from '../http.js';
import type { FeedEvent } from '../methods.js';
import { Backoff, pause } from '../pause.js';
import { Line } from './line.js';

export interface FollowOptions {
  /** Whose feed; the tenant's own unless given. */
  workspaceId?: string;
  /** The number of the last event that was read; from the oldest that is kept unless given. */
  after?: number;
  /** Only these types: `task.created`, or `task.*` for all that begin so. */
  types?: string[];
  /** Only what happened to these. */
  subjects?: string[];
  /** Ends the following. */
  signal?: AbortSignal;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Muster over one WebSocket, which is opened again when it was lost. */
export class Realtime extends Calls {
  private readonly line: Line;

  constructor(http: Http, options: ServerOptions & CallsOptions) {
    const line = new Line(http, options);
    super(line, options);
    this.line = line;
  }

  /**
   * The events of a feed, in order and each once: what it holds after the cursor, then what is written. A lost
   * connection is opened again, on whichever node, and followed on from what was taken last.
   * @throws MusterError when the server refuses; with `cursor_expired` or `cursor_ahead` what follows the cursor is gone
   */
  async *follow({
    signal,
    after,
    workspaceId,
    types,
    subjects,
  }: FollowOptions): AsyncGenerator<FeedEvent, void, undefined> {
    const filters = { ...(types && { types }), ...(subjects && { subjects }) };
    const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    for (let cursor = after; !signal?.aborted;) {
      try {
        const place = {
          ...(workspaceId !== undefined && { workspaceId }),
          ...(cursor !== undefined && { after: cursor }),
        };
        const followed = await this.line.follow({ feeds: [place], ...filters }, signal);
        try {
          for (let came = await followed.next(signal); came; came = await followed.next(signal)) {
            backoff.reset();
            for (const event of came.events) {
              cursor = event.sequence;
              yield event;
            }
            cursor = came.next;
          }
        } finally {
          followed.close();
        }
      } catch (error) {
        if (signal?.aborted) return;
        if (!isPassing(error)) throw error;
        await pause(Math.max(retryAfterMs(error), backoff.next()), signal);
      }
    }
  }

  /** Hangs up. A call or a follow that comes later opens it again. */
  close(): void {
    this.line.close();
  }
}
