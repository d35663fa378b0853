import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { ENCODINGS, type Encoding, JSON_TEXT } from './encodings.js';
import { MalformedHandshake, OriginNotAllowed, UnsupportedSubprotocol } from './ws.errors.js';

/**
 * Browsers cannot send an Authorization header with a WebSocket, and may offer subprotocols: the token travels as one
 * beside the real one. It is never chosen, so it does not come back.
 */
const BEARER = 'muster.bearer.';

/** For browsers that send their token as a subprotocol: one has to be chosen beside it. */
const YJS_SUBPROTOCOL = 'yjs';

/** RFC 6455: 16 bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Other requests that ask for WebSocket are answered as if they had not: their routes open none. */
export const isHandshake = ({ method, url = '', headers }: IncomingMessage): boolean =>
  method === 'GET' &&
  (url.split('?')[0] === '/v1/ws' || isLiveDocument(url)) &&
  headers.upgrade?.toLowerCase() === 'websocket';

/** Whether the address is that of a live document, where another protocol is spoken. */
export const isLiveDocument = (url = ''): boolean => /^\/v1\/documents\/[^/?]+\/yjs(?:\?|$)/.test(url);

/** What y-websocket puts into the address, as its `params`: `token` there is a bearer token. */
export function tokenOfAddress(url = ''): Record<string, string> {
  const token = isLiveDocument(url) ? new URLSearchParams(url.split('?')[1]).get('token') : null;
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** The subprotocol to answer with: of those that are offered, where one is. */
export function subprotocolFor({ url, headers }: IncomingMessage): string | false {
  if (isLiveDocument(url)) return offeredBy(headers).includes(YJS_SUBPROTOCOL) && YJS_SUBPROTOCOL;
  return encodingFor(headers).subprotocol;
}

export const offeredBy = (headers: IncomingHttpHeaders): string[] =>
  (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** The headers, with the token among the subprotocols as what it is. An Authorization header goes before. */
export function withToken(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const token = offeredBy(headers).find((name) => name.startsWith(BEARER));
  const given = Object.entries(headers).filter((entry): entry is [string, string | string[]] => entry[1] !== undefined);
  return {
    ...(token !== undefined && { authorization: `Bearer ${token.slice(BEARER.length)}` }),
    ...Object.fromEntries(given),
  };
}

/**
 * How both sides will speak; JSON where nothing was offered.
 * @throws UnsupportedSubprotocol, as browsers refuse an answer that chooses none of what they offered
 */
export function encodingFor(headers: IncomingHttpHeaders): Encoding {
  const offered = offeredBy(headers);
  if (offered.length === 0) return JSON_TEXT;
  const first = offered.flatMap((name) => ENCODINGS.filter(({ subprotocol }) => subprotocol === name))[0];
  if (first) return first;
  throw new UnsupportedSubprotocol(ENCODINGS.map(({ subprotocol }) => subprotocol));
}

/** @throws MalformedHandshake */
export function assertHandshake(headers: IncomingHttpHeaders): void {
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) {
    throw new MalformedHandshake('Sec-WebSocket-Key', '16 bytes in base64');
  }
  if (headers['sec-websocket-version'] !== '13') throw new MalformedHandshake('Sec-WebSocket-Version', '13');
}

/**
 * Browsers let any page connect anywhere and say where it comes from; other clients send no Origin.
 * @throws OriginNotAllowed
 */
export function assertOrigin({ origin, host }: IncomingHttpHeaders, allowed: readonly string[]): void {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return;
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw new OriginNotAllowed(origin);
}
