import type { OnApplicationShutdown } from '@nestjs/common';
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Addresses } from './addresses.js';
import type { WebhookSettings } from './webhook.settings.js';
import { SendingFailed, type SentAnswer } from './webhooks.errors.js';

/** How names become addresses: as `dns.lookup` with `all`. */
export type Resolve = (
  hostname: string,
  options: { all: true; family?: number | 'IPv4' | 'IPv6' | undefined; hints?: number | undefined },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** An answer is read this far, for its connection to be used again; what is longer is cut off with the connection. */
const READ_BYTES = 16 * 1024;
const KEPT_BYTES = 1024;
const MAX_REDIRECTS = 3;
/** They keep method and body; after the others a client goes on with GET. */
const REDIRECTS = new Set([307, 308]);
const MAX_FREE_SOCKETS = 256;
/** `100 Continue`, `103 Early Hints` and the like, before the answer. */
const MAX_INTERIM = 16;

/**
 * Posts to endpoints. No connection is made to an address that is not allowed: names are looked at as they are resolved
 * for the very connection, so a name cannot be one thing when it is checked and another when it is used. Redirects are
 * followed by the same rules. Time and size of the answer are bounded.
 */
export class Sender implements OnApplicationShutdown {
  private readonly addresses: Addresses;
  private readonly http: http.Agent;
  private readonly https: https.Agent;

  constructor(
    private readonly settings: WebhookSettings,
    private readonly resolve: Resolve = systemLookup,
  ) {
    this.addresses = new Addresses(settings.allowPrivate);
    const options = { keepAlive: true, maxFreeSockets: MAX_FREE_SOCKETS };
    this.http = new http.Agent(options);
    this.https = new https.Agent(options);
  }

  /** Whether a URL may name this host. A name is judged when it is resolved. */
  allowsHost(hostname: string): boolean {
    const address = hostname.replace(/^\[|\]$/g, '');
    return isIP(address) === 0 || this.addresses.allows(address);
  }

  /** @throws SendingFailed unless the answer is 2xx */
  async post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<SentAnswer> {
    const deadline = performance.now() + this.settings.timeoutMs;
    let target = new URL(url);
    for (let hops = 0; ; hops++) {
      const { location, ...answer } = await this.once(target, headers, body, deadline);
      if (answer.status >= 200 && answer.status < 300) return answer;
      if (!REDIRECTS.has(answer.status) || location === undefined) throw answered(answer);
      if (hops === MAX_REDIRECTS) {
        throw new SendingFailed('redirect_refused', `It redirected more than ${MAX_REDIRECTS} times.`, false, answer);
      }
      target = redirected(target, location, answer);
    }
  }

  /** Nothing is sent any more: ends the connections that wait to be used again. */
  onApplicationShutdown(): void {
    this.http.destroy();
    this.https.destroy();
  }

  private async once(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string,
    deadline: number,
  ): Promise<Hop> {
    if (!this.allowsHost(url.hostname)) throw refused(url.hostname);
    const secure = url.protocol === 'https:';
    const send = (agent: http.Agent | false): Promise<Hop> => {
      const options = { method: 'POST', agent, lookup: this.lookup, headers: { ...HEADERS, ...headers } };
      const request = (secure ? https : http).request(url, options);
      return exchange(request, body, deadline - performance.now(), this.settings.timeoutMs);
    };
    try {
      return await send(secure ? this.https : this.http);
    } catch (error) {
      if (error instanceof StaleConnection) return await send(false);
      throw error;
    }
  }

  private readonly lookup: LookupFunction = (hostname, { family, hints, all }, done) => {
    this.resolve(hostname, { all: true, family, hints }, (error, found) => {
      const allowed = error ? [] : found.filter(({ address }) => this.addresses.allows(address));
      const [first] = allowed;
      if (error) done(error, '');
      else if (!first) done(refused(hostname), '');
      else if (all) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };
}

const HEADERS = { 'content-type': 'application/json', 'user-agent': 'Muster-Webhooks/1', accept: '*/*' };

interface Hop extends SentAnswer {
  location?: string | undefined;
}

/** A connection that was kept open for this turned out to be closed, as when the endpoint had enough of waiting. */
class StaleConnection extends Error {}

/** The answer to one request. What of it has not come within the time does not matter once its status is known. */
function exchange(request: http.ClientRequest, body: string, limitMs: number, statedMs: number): Promise<Hop> {
  return new Promise((resolve, reject) => {
    let response: http.IncomingMessage | undefined;
    const tooLate = new SendingFailed('timeout', `No answer within ${statedMs} ms.`, true);
    const timer = setTimeout(() => (response ?? request).destroy(tooLate), Math.max(1, limitMs));
    request.once('response', (came) => {
      response = came;
      void beginningOf(came).then((read) => resolve(hopOf(came, read)));
    });
    let interim = 0;
    request.on('information', () => {
      if (++interim > MAX_INTERIM) request.destroy(unanswered(`It sent more than ${MAX_INTERIM} interim answers.`));
    });
    request.on('error', (error) => {
      if (!response) reject(failure(error, request.reusedSocket));
    });
    request.once('close', () => {
      clearTimeout(timer);
      // Node ends the connection without an error when another protocol is switched to.
      if (!response) reject(unanswered('The connection ended without an answer.'));
    });
    request.end(body);
  });
}

/** Reads until there is enough or no more. */
function beginningOf(response: http.IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if ((bytes += chunk.length) > READ_BYTES) response.destroy();
    });
    response.on('error', () => undefined);
    response.once('close', () => resolve(Buffer.concat(chunks)));
  });
}

function hopOf({ statusCode = 0, headers }: http.IncomingMessage, read: Buffer): Hop {
  const retryAfter = secondsOf(headers['retry-after']);
  return {
    status: statusCode,
    // PostgreSQL keeps no NUL.
    excerpt: read.subarray(0, KEPT_BYTES).toString('utf8').replaceAll('\0', ''),
    location: headers.location,
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

/** Retry-After, in seconds or as a date. */
function secondsOf(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1_000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function redirected(from: URL, location: string, answer: SentAnswer): URL {
  const refuse = (why: string) => new SendingFailed('redirect_refused', `It redirected to ${why}.`, false, answer);
  if (!URL.canParse(location, from.href)) throw refuse('what is no URL');
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && to.protocol !== from.protocol) throw refuse('another protocol than HTTPS');
  if (to.username || to.password) throw refuse('a URL with credentials');
  return to;
}

function failure(error: NodeJS.ErrnoException, reused: boolean): Error {
  if (error instanceof SendingFailed) return error;
  if (reused && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) return new StaleConnection();
  const causes = error instanceof AggregateError ? (error.errors as Error[]).map(({ message }) => message) : [];
  return unanswered([error.message, ...causes].filter(Boolean).join('; '));
}

const unanswered = (message: string): SendingFailed => new SendingFailed('connection_failed', message, true);

/** A 5xx says that the host has trouble; any other answer is one. */
const answered = (answer: SentAnswer): SendingFailed =>
  new SendingFailed(`answered_${answer.status}`, `It answered ${answer.status}.`, answer.status >= 500, answer);

/** Not at which address: what names of the inside mean is no business of those outside. */
const refused = (hostname: string): SendingFailed =>
  new SendingFailed(
    'address_refused',
    `${hostname} is at a private address, and requests to those are not allowed.`,
    false,
  );
