import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { until } from './until.js';

/** A client of a live document as applications make it. */
export class YjsClient {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText('content');
  readonly provider: WebsocketProvider;
  readonly closes: { code: number; reason: string }[] = [];

  constructor(url: string, documentId: string, token: string) {
    this.provider = new WebsocketProvider(`${url.replace(/^http/, 'ws')}/v1/documents`, `${documentId}/yjs`, this.doc, {
      params: { token },
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
      disableBc: true,
      maxBackoffTime: 200,
    });
    this.provider.on('connection-close', (event) => {
      if (event) this.closes.push({ code: event.code, reason: event.reason });
    });
  }

  async synced(): Promise<void> {
    await until(() => this.provider.synced, 'the client is in step');
  }

  async says(text: string): Promise<void> {
    await until(() => this.text.toJSON() === text, `the text is ${JSON.stringify(text.slice(0, 60))}`);
  }

  close(): void {
    this.provider.destroy();
    this.doc.destroy();
  }
}
