import { setTimeout as pause } from 'node:timers/promises';
import type { JsonObject } from '../shared/errors/index.js';
import type { Page } from '../shared/http/index.js';
import { ApiError, reasonOf, Unreachable } from './failures.js';

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface Call {
  query?: Query;
  /** Sent as JSON; a text is NDJSON and goes as it is. */
  body?: object | string;
  headers?: Readonly<Record<string, string>>;
  /** Doing it twice is as good as once: it reads, carries an Idempotency-Key, or is fenced by an epoch. */
  repeatable?: boolean;
  /** Of one attempt; 30 s unless given. */
  timeoutMs?: number;
}

export interface Reply<Body> {
  body: Body;
  headers: Headers;
}

export interface Server {
  url: string;
  key: string;
}

interface ClientOptions extends Server {
  /** For how long a repeatable request is tried again while the server cannot be reached or asks to come back later. */
  patienceMs?: number;
}

const TIMEOUT_MS = 30_000;
const PATIENCE_MS = 3_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** The connection was never made, so the server has seen nothing. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/** The REST API over fetch, which keeps its connections. */
export class Client {
  readonly url: string;

  constructor(private readonly options: ClientOptions) {
    this.url = options.url.replace(/\/+$/, '');
  }

  get server(): Server {
    const { url, key } = this.options;
    return { url, key };
  }

  async get<Body>(path: string, query?: Query): Promise<Body> {
    return (await this.call<Body>('GET', path, { ...(query && { query }), repeatable: true })).body;
  }

  async post<Body>(path: string, body: object, call: Call = {}): Promise<Body> {
    return (await this.call<Body>('POST', path, { ...call, body })).body;
  }

  /** Every item of a list, page by page. */
  async *all<Item>(path: string, query: Query = {}): AsyncGenerator<Item, void, undefined> {
    for (let after: string | undefined; ;) {
      const page = await this.get<Page<Item>>(path, { limit: 500, ...query, ...(after && { after }) });
      yield* page.items;
      if (page.nextCursor === null) return;
      after = page.nextCursor;
    }
  }

  /** @throws ApiError when the server refuses, Unreachable when nothing answers */
  async call<Body>(method: string, path: string, call: Call = {}): Promise<Reply<Body>> {
    const deadline = performance.now() + (this.options.patienceMs ?? PATIENCE_MS);
    for (let backoff = FIRST_PAUSE_MS; ; backoff = Math.min(backoff * 2, LONGEST_PAUSE_MS)) {
      try {
        return await this.attempt<Body>(method, path, call);
      } catch (error) {
        const wait = waitBeforeRepeat(error, call.repeatable === true, backoff);
        if (wait === undefined || performance.now() + wait > deadline) throw error;
        await pause(wait);
      }
    }
  }

  private async attempt<Body>(method: string, path: string, call: Call): Promise<Reply<Body>> {
    const { response, text } = await this.send(method, path, call);
    const body = parsed(text);
    if (response.ok && body !== undefined) return { body: body as Body, headers: response.headers };

    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    const problem = isObject(body) ? body : foreign(this.url, response.status);
    throw new ApiError(response.status, problem, Number.isFinite(retryAfter) ? retryAfter : undefined);
  }

  private async send(method: string, path: string, { query, body, headers, timeoutMs }: Call) {
    const type = typeof body === 'string' ? 'application/x-ndjson' : 'application/json';
    try {
      const response = await fetch(this.url + path + searchOf(query), {
        method,
        headers: {
          authorization: `Bearer ${this.options.key}`,
          ...(body !== undefined && { 'content-type': type }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs ?? TIMEOUT_MS),
      });
      return { response, text: await response.text() };
    } catch (error) {
      throw new Unreachable(this.url, !NEVER_SENT.has(reasonOf(error)), error);
    }
  }
}

/** Milliseconds until the request may be sent again; undefined when it must not be. */
function waitBeforeRepeat(error: unknown, repeatable: boolean, backoff: number): number | undefined {
  if (error instanceof Unreachable) return repeatable || !error.sent ? backoff : undefined;
  if (!(error instanceof ApiError) || error.retryAfterSeconds === undefined) return undefined;
  // 429 is decided before anything is done; behind a 503 or 409 something may have been.
  return repeatable || error.status === 429 ? error.retryAfterSeconds * 1_000 : undefined;
}

/** An empty answer is null; what is no JSON is undefined. */
function parsed(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null;

const foreign = (url: string, status: number): JsonObject => ({
  code: 'not_muster',
  detail: `${url} answered ${status}, and not as a Muster server does.`,
});

function searchOf(query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of typeof value === 'object' ? value : [value]) search.append(name, String(one));
  }
  return search.size > 0 ? `?${search}` : '';
}
