import type { ObservedCall, Transport } from './calls.js';
import { MusterError, type Problem, reasonOf, Unreachable } from './errors.js';
import { Limit } from './limit.js';
import { restRequest } from './rest-request.js';

export interface ServerOptions {
  /** Where Muster answers: `https://muster.example`. */
  url: string;
  /** An API key or an OIDC token. */
  key: string;
}

interface Limits {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** The connection was never made, so the server has seen nothing. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);
/** What proxies answer for a server that does not. */
const GATEWAY = new Set([502, 503, 504]);

/** Requests over fetch, which keeps its connections. */
export class Http implements Transport {
  readonly url: string;

  constructor(private readonly server: ServerOptions) {
    this.url = server.url.replace(/\/+$/, '');
  }

  attempt({ method, params, idempotencyKey }: ObservedCall, limits: Limits): Promise<unknown> {
    const { verb, path, headers, body } = restRequest(method, params, idempotencyKey);
    return this.send(path, { method: verb, headers, ...(body !== undefined && { body }) }, limits);
  }

  async send(path: string, init: RequestInit & { headers?: Record<string, string> }, limits: Limits): Promise<unknown> {
    const limit = new Limit(limits.timeoutMs, limits.signal);
    try {
      const headers = { ...init.headers, authorization: `Bearer ${this.server.key}` };
      const response = await fetch(this.url + path, { ...init, headers, signal: limit.signal });
      return answerOf(this.url, response, await response.text());
    } catch (error) {
      if (error instanceof MusterError || error instanceof Unreachable) throw error;
      throw new Unreachable(this.url, !NEVER_SENT.has(reasonOf(error)), error);
    } finally {
      limit.end();
    }
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
