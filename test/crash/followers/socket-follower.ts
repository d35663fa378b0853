import { pack, unpack } from 'msgpackr';
import { WebSocket } from 'ws';
import { Follower, type Following, Refused, SILENCE_MS } from './follower.js';

interface Message {
  id?: number;
  method?: string;
  params?: { events?: { sequence: number }[]; code?: string };
  error?: { message: string; data?: { status?: number } };
}

/** Follows over a WebSocket, in JSON or MessagePack. */
export class SocketFollower extends Follower {
  override readonly door: string;

  constructor(
    following: Following,
    private readonly encoding: 'json' | 'msgpack',
  ) {
    super(following);
    this.door = `WebSocket, ${encoding}`;
  }

  protected override async follow(url: string, signal: AbortSignal): Promise<void> {
    const { key, workspaceId } = this.followed;
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ws`, `muster.v1+${this.encoding}`, {
      headers: { authorization: `Bearer ${key}` },
      handshakeTimeout: SILENCE_MS,
    });
    // Not its first error: what has come already is still handed out until then.
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const hangUp = (): void => socket.terminate();
    const silence = setTimeout(hangUp, SILENCE_MS);
    signal.addEventListener('abort', hangUp);
    let refusal: Error | undefined;
    // Whatever it is, the connection closes then.
    socket.on('error', () => undefined);
    socket.on('ping', () => silence.refresh());
    socket.on('open', () => {
      const params = { feeds: [{ workspaceId, after: this.receipts.last }] };
      const request = { jsonrpc: '2.0', id: 1, method: 'subscribe', params };
      socket.send(this.encoding === 'json' ? JSON.stringify(request) : pack(request));
    });
    socket.on('message', (data: Buffer) => {
      silence.refresh();
      try {
        this.take(this.encoding === 'json' ? (JSON.parse(data.toString()) as Message) : (unpack(data) as Message));
      } catch (error) {
        refusal = error as Error;
        hangUp();
      }
    });
    try {
      await closed;
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', hangUp);
    }
    if (refusal) throw refusal;
  }

  private take({ method, params, error }: Message): void {
    const { status = 400 } = error?.data ?? {};
    if (error && status < 500) throw new Refused(error.message);
    if (error) throw new Error(error.message);
    if (method === 'resync' && params?.code !== 'slow_consumer') throw new Refused(`resync: ${params?.code}`);
    if (method !== 'events') return;
    for (const event of params?.events ?? []) this.receipts.take(event.sequence, JSON.stringify(event));
  }
}
