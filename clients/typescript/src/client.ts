import { Agent, type AgentOptions } from './agent/agent.js';
import { InvalidOption } from './errors.js';
import { METHODS } from './generated.js';
import { Http, type HttpOptions } from './http.js';
import type { Item, ListMethod, Method, Params, Result } from './methods.js';
import { restRequest } from './rest-request.js';

export interface ClientOptions extends HttpOptions {
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

/** Muster over HTTP, with the types of its OpenAPI document. */
export class MusterClient {
  private readonly http: Http;

  constructor(private readonly options: ClientOptions) {
    if (!URL.canParse(options.url)) throw new InvalidOption('url', 'an address such as https://muster.example');
    if (options.key === '') throw new InvalidOption('key', 'an API key or a token');
    this.http = new Http(options);
  }

  get url(): string {
    return this.http.url;
  }

  /**
   * `client.call('task.create', { type: 'build', title: 'Build it' })`. Safe to repeat, it is repeated.
   * @throws MusterError when the server refuses, Unreachable when nothing answers
   */
  async call<M extends Method>(method: M, ...[given, options = {}]: CallArguments<M>): Promise<Result<M>> {
    const params = (given ?? {}) as Record<string, unknown>;
    const { idempotencyKey: asked, ...attempts } = options;
    const reads = METHODS[method].verb === 'GET' || SAFE.has(method);
    const key = asked === false ? undefined : (asked ?? (reads ? undefined : crypto.randomUUID()));
    const request = restRequest(method, params, key);
    const repeatable = reads || key !== undefined;
    const tell = this.options.observe?.({ method, params, ...(key !== undefined && { idempotencyKey: key }) });
    try {
      const result = await this.http.send(request, { ...attempts, repeatable });
      tell?.({ result });
      return result as Result<M>;
    } catch (error) {
      tell?.({ error });
      throw error;
    }
  }

  /** Every item of a list, page by page. */
  async *all<M extends ListMethod>(method: M, params?: Params<M>): AsyncGenerator<Item<M>, void, undefined> {
    for (let after: string | undefined; ;) {
      const asked = { limit: 500, ...params, ...(after !== undefined && { after }) } as Params<M>;
      const call: (method: M, params: Params<M>) => Promise<unknown> = this.call.bind(this);
      const page = (await call(method, asked)) as { items: Item<M>[]; nextCursor: string | null };
      yield* page.items;
      if (page.nextCursor === null) return;
      after = page.nextCursor;
    }
  }

  /** An agent that works on tasks; see `Agent.run`. */
  agent(options: AgentOptions): Agent {
    return new Agent(this, options);
  }
}
