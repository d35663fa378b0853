import type { ObservedCall, Transport } from './calls.js';
import { MusterError, type Problem, reasonOf, Unreachable } from './errors.js';
import { Limit } from './limit.js';
import { type RestRequest, restRequest } from './rest-request.js';

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

/** Requests over fetch, which keeps its connections. */
export class Http implements Transport {
  readonly url: string;

  constructor(private readonly server: ServerOptions) {
    this.url = server.url.replace(/\/+$/, '');
  }

  attempt({ method, params, idempotencyKey }: ObservedCall, limits: Limits): Promise<unknown> {
    return this.send(restRequest(method, params, idempotencyKey), limits);
  }

  async send({ verb, path, headers, body, empty }: RestRequest, limits: Limits): Promise<unknown> {
    const limit = new Limit(limits.timeoutMs, limits.signal);
    try {
      const response = await fetch(this.url + path, {
        method: verb,
        headers: { ...headers, authorization: `Bearer ${this.server.key}` },
        signal: limit.signal,
        ...(body !== undefined && { body }),
      });
      return answerOf(this.url, response, await response.text(), empty);
    } catch (error) {
      if (error instanceof MusterError || error instanceof Unreachable) throw error;
      throw new Unreachable(this.url, !NEVER_SENT.has(reasonOf(error)), error);
    } finally {
      limit.end();
    }
  }
}

/**
 * What answers need not be Muster: an ingress without a server, a page for maintenance, the login of a network. Such an
 * answer decides nothing, and says nothing of whether the request has gone through.
 */
function answerOf(url: string, response: Response, text: string, empty = false): unknown {
  const { ok, status, headers } = response;
  if (empty && status === 204) return null;
  const body = parsed(text);
  if (ok && !empty && body !== undefined) return body;
  if (ok || !isProblem(headers, body)) throw new Unreachable(url, true, `HTTP ${status}, and not as Muster answers`);
  const retryAfter = Number(headers.get('retry-after') ?? Number.NaN);
  throw new MusterError(status, body, Number.isFinite(retryAfter) ? retryAfter : undefined);
}

/** RFC 9457, with the code that Muster's have. */
function isProblem(headers: Headers, body: unknown): body is Problem {
  if (!headers.get('content-type')?.startsWith('application/problem+json')) return false;
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string';
}

/** Undefined when it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
