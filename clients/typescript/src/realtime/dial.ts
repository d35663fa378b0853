import { MusterError, Unreachable } from '../errors.js';
import type { Http, ServerOptions } from '../http.js';
import { Limit } from '../limit.js';

/** What browsers and `ws` have in common. */
export interface Socket {
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: ((closed: { code: number; reason: string }) => void) | null;
  onerror: ((error: unknown) => void) | null;
  onopen: (() => void) | null;
  send(text: string): void;
  close(): void;
}

const SUBPROTOCOL = 'muster.v1+json';
const PATH = '/v1/ws';
const TIMEOUT_MS = 10_000;

/**
 * Opens a WebSocket. The key travels as a subprotocol, the only place that browsers have for it.
 * @throws MusterError when the handshake is refused, Unreachable when nothing answers or the signal fires
 */
export async function dial(http: Http, { key }: ServerOptions, signal: AbortSignal): Promise<Socket> {
  const Constructor = await webSocket();
  const socket = new Constructor(`${http.url.replace(/^http/, 'ws')}${PATH}`, [SUBPROTOCOL, `muster.bearer.${key}`]);
  const limit = new Limit(TIMEOUT_MS, signal);
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (): void => reject(new Unreachable(http.url, false, limit.signal.reason ?? 'no WebSocket'));
      socket.onopen = () => resolve();
      socket.onerror = fail;
      socket.onclose = fail;
      limit.signal.addEventListener('abort', fail);
      if (limit.signal.aborted) fail();
    });
    return socket;
  } catch (error) {
    socket.close();
    if (!signal.aborted) await tellWhy(http);
    throw error;
  } finally {
    limit.end();
  }
}

/** Node has its own from version 22 on. */
async function webSocket(): Promise<new (url: string, protocols: string[]) => Socket> {
  const own = (globalThis as { WebSocket?: unknown }).WebSocket;
  const found = own ?? (await import('ws')).WebSocket;
  return found as new (url: string, protocols: string[]) => Socket;
}

/** A WebSocket hides how its handshake was refused. The same without the upgrade is refused alike, or as no handshake. */
async function tellWhy(http: Http): Promise<void> {
  try {
    await http.send({ verb: 'GET', path: PATH, headers: {} }, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (error instanceof MusterError && error.status !== 426) throw error;
  }
}
