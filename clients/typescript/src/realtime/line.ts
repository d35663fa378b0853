import type { ObservedCall, Transport } from '../calls.js';
import type { Http, ServerOptions } from '../http.js';
import { orAborted, pause } from '../pause.js';
import { Connection } from './connection.js';
import { dial } from './dial.js';
import type { Feeds, Subscription } from './subscription.js';

const TIMEOUT_MS = 30_000;

/** The connection that is open now, or the next one. */
export class Line implements Transport {
  private opening?: Promise<Connection> | undefined;
  private current?: Connection | undefined;
  /** Fires when what is being opened is not wanted any more. */
  private hangUp = new AbortController();

  constructor(
    private readonly http: Http,
    private readonly server: ServerOptions,
  ) {}

  async attempt(
    { method, params, idempotencyKey }: ObservedCall,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<unknown> {
    const connection = await orAborted(this.connection(), signal);
    const named = { ...params, ...(idempotencyKey !== undefined && { idempotencyKey }) };
    return connection.call(method, named, timeoutMs, signal);
  }

  async follow(feeds: Feeds, signal: AbortSignal | undefined): Promise<Subscription> {
    const connection = await orAborted(this.connection(), signal);
    return connection.subscribe(feeds, TIMEOUT_MS, signal);
  }

  close(): void {
    this.hangUp.abort();
    this.hangUp = new AbortController();
    this.current?.close();
    this.opening = undefined;
  }

  /** Of those who need one at the same time, all get the same. */
  private connection(): Promise<Connection> {
    if (this.opening && !this.current?.lost) return this.opening;
    const opening = this.open(this.hangUp.signal, this.current?.comeBackMs);
    this.current = undefined;
    this.opening = opening;
    opening.catch(() => {
      if (this.opening === opening) this.opening = undefined;
    });
    return opening;
  }

  /** A node that stops gives each client a time of its own, so that not all of them come at once. */
  private async open(signal: AbortSignal, afterMs = 0): Promise<Connection> {
    await pause(afterMs, signal);
    const connection = new Connection(await dial(this.http, this.server, signal), this.http.url);
    if (signal.aborted) connection.close();
    else this.current = connection;
    return connection;
  }
}
