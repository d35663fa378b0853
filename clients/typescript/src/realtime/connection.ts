import { MusterError, type Problem, Unreachable } from '../errors.js';
import { Limit } from '../limit.js';
import type { Socket } from './dial.js';
import { type Events, type Feeds, Subscription } from './subscription.js';

interface Message {
  id?: number;
  method?: string;
  params?: Events & { code?: string; detail?: string; afterMs?: number };
  result?: unknown;
  error?: { message: string; data: Problem & { status?: number; retryAfterSeconds?: number } };
}

interface Asked {
  answer: (result: unknown) => void;
  refuse: (error: Error) => void;
}

/** Proxies and cables end connections without a word; the server's pings are not seen by scripts. */
const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 10_000;

/** One WebSocket that speaks JSON-RPC 2.0: many calls and subscriptions at once. */
export class Connection {
  private readonly asked = new Map<number, Asked>();
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly pinging: ReturnType<typeof setInterval>;
  private last = 0;
  /** Why it ended. */
  lost?: Unreachable;
  /** The server goes, and asks to come again after so many milliseconds. */
  comeBackMs?: number;

  constructor(
    private readonly socket: Socket,
    private readonly url: string,
  ) {
    socket.onmessage = ({ data }) => this.receive(JSON.parse(String(data)) as Message);
    socket.onclose = ({ code, reason }) => this.end(`closed with ${code}${reason && `, ${reason}`}`);
    socket.onerror = () => undefined;
    this.pinging = setInterval(() => void this.ping(), PING_EVERY_MS);
  }

  /** @throws MusterError, Unreachable, the signal's reason */
  async call(method: string, params: object, timeoutMs: number, signal?: AbortSignal): Promise<unknown> {
    return this.request(method, params, { timeoutMs, signal }, (result) => result);
  }

  /** What comes for it is kept from the moment of the answer, which the first events follow at once. */
  async subscribe(params: Feeds, timeoutMs: number, signal?: AbortSignal): Promise<Subscription> {
    let gone = false;
    const accept = (result: unknown): Subscription => {
      const { subscription: id } = result as { subscription: string };
      const subscription = new Subscription(() => this.unsubscribe(id));
      this.subscriptions.set(id, subscription);
      if (gone) subscription.close();
      return subscription;
    };
    try {
      return await this.request('subscribe', params, { timeoutMs, signal }, accept);
    } catch (error) {
      gone = true;
      throw error;
    }
  }

  close(): void {
    this.end('closed by this side');
    this.socket.close();
  }

  private async request<T>(
    method: string,
    params: object,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
    accept: (result: unknown) => T,
  ): Promise<T> {
    if (this.lost) throw new Unreachable(this.url, false, this.lost);
    const id = ++this.last;
    const limit = new Limit(timeoutMs, signal);
    try {
      return await new Promise<T>((resolve, refuse) => {
        limit.signal.addEventListener('abort', () => refuse(new Unreachable(this.url, true, limit.signal.reason)));
        this.asked.set(id, { answer: (result) => resolve(accept(result)), refuse });
        this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      });
    } finally {
      limit.end();
      // Nobody waits any more, so the server need not either. It answers all the same.
      if (this.asked.has(id) && !this.lost) this.notify('cancel', { id });
    }
  }

  private receive({ id, method, params, result, error }: Message): void {
    const asked = id === undefined ? undefined : this.asked.get(id);
    if (id !== undefined) this.asked.delete(id);
    if (error) asked?.refuse(new MusterError(error.data.status ?? 0, error.data, error.data.retryAfterSeconds));
    else if (asked) asked.answer(result);
    else if (method === 'events' && params) this.subscriptions.get(params.subscription)?.take(params);
    else if (method === 'resync' && params) this.resync(params);
    else if (method === 'reconnect') this.comeBackMs = params?.afterMs ?? 0;
  }

  private resync({ subscription: id, ...problem }: { subscription: string; code?: string }): void {
    const status = problem.code === 'cursor_expired' || problem.code === 'cursor_ahead' ? 410 : 503;
    this.subscriptions.get(id)?.end(new MusterError(status, problem));
    this.subscriptions.delete(id);
  }

  private unsubscribe(id: string): void {
    if (this.subscriptions.delete(id) && !this.lost) this.notify('unsubscribe', { subscription: id });
  }

  private notify(method: string, params: object): void {
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  private async ping(): Promise<void> {
    await this.call('ping', {}, PONG_WITHIN_MS).catch(() => this.close());
  }

  private end(reason: string): void {
    if (this.lost) return;
    const lost = new Unreachable(this.url, true, reason);
    this.lost = lost;
    clearInterval(this.pinging);
    for (const { refuse } of this.asked.values()) refuse(lost);
    for (const subscription of this.subscriptions.values()) subscription.end(lost);
    this.asked.clear();
  }
}
