import { Injectable } from '@nestjs/common';
import { Secrets } from './secrets.js';
import { Sender } from './sender.js';
import { signedHeaders } from './signature.js';
import type { SentAnswer } from './webhooks.errors.js';

export interface Letter {
  url: string;
  eventId: string;
  body: string;
  /** As they are kept. */
  secrets: readonly string[];
}

/** Signs and sends. */
@Injectable()
export class Courier {
  constructor(
    private readonly sender: Sender,
    private readonly secrets: Secrets,
  ) {}

  /** @throws SendingFailed unless the answer is 2xx */
  async post({ url, eventId: id, body, secrets }: Letter): Promise<SentAnswer> {
    const timestamp = Math.floor(Date.now() / 1_000);
    const shown = secrets.map((kept) => this.secrets.shown(kept));
    return this.sender.post(url, signedHeaders({ id, timestamp, body }, shown), body);
  }
}
