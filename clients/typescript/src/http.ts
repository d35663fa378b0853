import { MusterError, type Problem, reasonOf, Unreachable } from './errors.js';
import { Backoff, pause } from './pause.js';
import type { RestRequest } from './rest-request.js';

export interface HttpOptions {
  /** Where Muster answers: `https://muster.example`. */
  url: string;
  /** An API key or an OIDC token. */
  key: string;
  /** Of one attempt; 30 s unless given. */
  timeoutMs?: number;
  /** For how long a call that may be repeated is, while the server cannot be reached or asks to come back; 10 s unless given. */
  patienceMs?: number;
}

export interface Attempts {
  /** Doing it twice is as good as once. */
  repeatable: boolean;
  timeoutMs?: number | undefined;
  patienceMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 30_000;
const PATIENCE_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** The connection was never made, so the server has seen nothing. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);
/** What proxies answer for a server that does not. */
const GATEWAY = new Set([502, 503, 504]);

/** Requests over fetch, which keeps its connections; again where that is safe. */
export class Http {
  readonly url: string;

  constructor(private readonly options: HttpOptions) {
    this.url = options.url.replace(/\/+$/, '');
  }

  /** @throws MusterError when the server refuses, Unreachable when nothing answers, the signal's reason */
  async send(request: RestRequest, attempts: Attempts): Promise<unknown> {
    const { signal, repeatable, patienceMs = this.options.patienceMs ?? PATIENCE_MS } = attempts;
    const deadline = performance.now() + patienceMs;
    const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    for (;;) {
      try {
        return await this.attempt(request, attempts);
      } catch (error) {
        signal?.throwIfAborted();
        const wait = waitBeforeRepeat(error, repeatable, backoff);
        if (wait === undefined || performance.now() + wait > deadline) throw error;
        await pause(wait, signal);
        signal?.throwIfAborted();
      }
    }
  }

  private async attempt(request: RestRequest, { timeoutMs, signal }: Attempts): Promise<unknown> {
    const limit = new Limit(timeoutMs ?? this.options.timeoutMs ?? TIMEOUT_MS, signal);
    try {
      const response = await fetch(this.url + request.path, {
        method: request.verb,
        headers: { ...request.headers, authorization: `Bearer ${this.options.key}` },
        ...(request.body !== undefined && { body: request.body }),
        signal: limit.signal,
      });
      return answerOf(this.url, response, await response.text());
    } catch (error) {
      if (error instanceof MusterError || error instanceof Unreachable) throw error;
      throw new Unreachable(this.url, !NEVER_SENT.has(reasonOf(error)), error);
    } finally {
      limit.end();
    }
  }
}

/** Fires after a time, or with another signal. `AbortSignal.any` keeps a listener on a signal that outlives the request. */
class Limit {
  private readonly controller = new AbortController();
  private readonly timer: ReturnType<typeof setTimeout>;
  private readonly follow = (): void => this.controller.abort(this.outer?.reason);

  constructor(
    ms: number,
    private readonly outer: AbortSignal | undefined,
  ) {
    this.timer = setTimeout(() => this.controller.abort(new DOMException('No answer in time.', 'TimeoutError')), ms);
    outer?.addEventListener('abort', this.follow);
    if (outer?.aborted) this.follow();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  end(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener('abort', this.follow);
  }
}

function answerOf(url: string, response: Response, text: string): unknown {
  const body = parsed(text);
  if (response.ok && body !== undefined) return body;
  const isOurs = typeof body === 'object' && body !== null;
  if (!isOurs && GATEWAY.has(response.status)) throw new Unreachable(url, true, `HTTP ${response.status}`);
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  const problem: Problem = isOurs ? (body as Problem) : foreign(url, response.status);
  throw new MusterError(response.status, problem, Number.isFinite(retryAfter) ? retryAfter : undefined);
}

/** Milliseconds until the request may be sent again; undefined when it must not be. */
function waitBeforeRepeat(error: unknown, repeatable: boolean, backoff: Backoff): number | undefined {
  if (error instanceof Unreachable) return repeatable || !error.sent ? backoff.next() : undefined;
  if (!(error instanceof MusterError) || error.retryAfterSeconds === undefined) return undefined;
  // 429 is decided before anything is done; behind a 503 or 409 something may have been.
  return repeatable || error.status === 429 ? Math.max(error.retryAfterSeconds * 1_000, backoff.next()) : undefined;
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

const foreign = (url: string, status: number): Problem => ({
  code: 'not_muster',
  detail: `${url} answered ${status}, and not as a Muster server does.`,
});
