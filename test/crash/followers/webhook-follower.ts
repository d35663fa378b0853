import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Client } from '../../../src/cli/client.js';
import type { Random } from '../random.js';
import { Receipts } from './receipts.js';

export interface WebhookOptions {
  workspaceId: string;
  /** The newest event when it is registered. */
  after: number;
  ordered: boolean;
}

/** What becomes of a request, besides being answered. */
const REFUSED = 0.03;
const HUNG_UP = 0.03;

/** An endpoint that is told of a feed, and fails now and then. */
export class WebhookFollower {
  readonly receipts: Receipts;
  readonly door: string;
  connections = 0;
  private readonly server: Server;

  constructor(
    private readonly options: WebhookOptions,
    private readonly random: Random,
  ) {
    this.receipts = new Receipts(options.after);
    this.door = options.ordered ? 'webhook, ordered' : 'webhook';
    this.server = createServer((request, response) => {
      this.connections += 1;
      // Torn by a node that was killed: it will come again.
      text(request).then(
        (body) => this.take(body, response),
        () => response.destroy(),
      );
    });
  }

  async register(client: Client): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const { port } = this.server.address() as AddressInfo;
    const { workspaceId, ordered } = this.options;
    const url = `http://127.0.0.1:${port}/`;
    await client.post('/v1/webhooks', { url, workspaceId, ordered }, { repeatable: true });
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private take(body: string, response: ServerResponse): void {
    if (this.random.chance(REFUSED)) return void response.writeHead(503).end();
    const { sequence } = JSON.parse(body) as { sequence: number };
    if (this.options.ordered) this.receipts.takeAgain(sequence, body);
    else this.receipts.keep(sequence, body);
    if (this.random.chance(HUNG_UP)) response.destroy();
    else response.writeHead(204).end();
  }
}
