import { MusterError, Unreachable } from './errors.js';
import { METHODS } from './generated.js';
import type { Item, ListMethod, Method, Params, Result } from './methods.js';
import { Backoff, pause } from './pause.js';

export interface CallsOptions {
  /** Of one attempt; 30 s unless given. */
  timeoutMs?: number;
  /** For how long a call that may be repeated is, while the server cannot be reached or asks to come back; 10 s unless given. */
  patienceMs?: number;
  /** Sees every call before it is sent, and answers who is told what came of it. Repeats of one call are one. */
  observe?: Observer;
}

export type Observer = (call: ObservedCall) => (outcome: Outcome) => void;

export interface ObservedCall {
  method: Method;
  params: Readonly<Record<string, unknown>>;
  idempotencyKey?: string;
}

export type Outcome = { result: unknown } | { error: unknown };

export interface CallOptions {
  /** Makes a change safe to repeat. One is made for changes that are not so by themselves; false sends none. */
  idempotencyKey?: string | false;
  timeoutMs?: number;
  patienceMs?: number;
  signal?: AbortSignal;
}

/** Parameters may be left out where all of them may. */
export type CallArguments<M extends Method> =
  object extends Params<M> ? [params?: Params<M>, options?: CallOptions] : [params: Params<M>, options?: CallOptions];

/** What carries a call to the server. */
export interface Transport {
  /** @throws MusterError when the server refuses, Unreachable when nothing answers */
  attempt(call: ObservedCall, limits: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<unknown>;
}

const TIMEOUT_MS = 30_000;
const PATIENCE_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Safe to repeat without a key, which would keep them off the server's fast path: epochs fence them, a name makes a
 * registration the same agent, and `getBatch` reads.
 */
const SAFE = new Set<Method>([
  'task.heartbeat',
  'task.progress',
  'task.complete',
  'task.getBatch',
  'agent.register',
  'agent.heartbeat',
]);

/** Calls by name, typed, and repeated where that is safe. */
export class Calls {
  constructor(
    private readonly transport: Transport,
    private readonly defaults: CallsOptions,
  ) {}

  /**
   * `client.call('task.create', { type: 'build', title: 'Build it' })`
   * @throws MusterError when the server refuses, Unreachable when nothing answers, the signal's reason
   */
  async call<M extends Method>(method: M, ...[given, options = {}]: CallArguments<M>): Promise<Result<M>> {
    const isSafe = METHODS[method].verb === 'GET' || SAFE.has(method);
    const key = options.idempotencyKey ?? (isSafe ? false : crypto.randomUUID());
    const params = (given ?? {}) as Record<string, unknown>;
    const call = { method, params, ...(key !== false && { idempotencyKey: key }) };
    const tell = this.defaults.observe?.(call);
    try {
      const result = await this.repeated(call, isSafe || key !== false, options);
      tell?.({ result });
      return result as Result<M>;
    } catch (error) {
      tell?.({ error });
      throw error;
    }
  }

  /** Every item of a list, page by page. */
  async *all<M extends ListMethod>(method: M, params?: Params<M>): AsyncGenerator<Item<M>, void, undefined> {
    const call: (method: M, params: Params<M>) => Promise<unknown> = this.call.bind(this);
    for (let after: string | undefined; ;) {
      const asked = { limit: 500, ...params, ...(after !== undefined && { after }) } as Params<M>;
      const page = (await call(method, asked)) as { items: Item<M>[]; nextCursor: string | null };
      yield* page.items;
      if (page.nextCursor === null) return;
      after = page.nextCursor;
    }
  }

  private async repeated(call: ObservedCall, repeatable: boolean, options: CallOptions): Promise<unknown> {
    const { signal, timeoutMs = this.defaults.timeoutMs ?? TIMEOUT_MS } = options;
    const deadline = performance.now() + (options.patienceMs ?? this.defaults.patienceMs ?? PATIENCE_MS);
    for (const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS); ;) {
      signal?.throwIfAborted();
      try {
        return await this.transport.attempt(call, { timeoutMs, signal });
      } catch (error) {
        signal?.throwIfAborted();
        const wait = waitBeforeRepeat(error, repeatable, backoff);
        if (wait === undefined || performance.now() + wait > deadline) throw error;
        await pause(wait, signal);
      }
    }
  }
}

/** Milliseconds until the call may be sent again; undefined when it must not be. */
function waitBeforeRepeat(error: unknown, repeatable: boolean, backoff: Backoff): number | undefined {
  if (error instanceof Unreachable) return repeatable || !error.sent ? backoff.next() : undefined;
  if (!(error instanceof MusterError) || error.retryAfterSeconds === undefined) return undefined;
  // 429 is decided before anything is done; behind a 503 or 409 something may have been.
  return repeatable || error.status === 429 ? Math.max(error.retryAfterSeconds * 1_000, backoff.next()) : undefined;
}
