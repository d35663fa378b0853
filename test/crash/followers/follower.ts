import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../random.js';
import type { Receipts } from './receipts.js';

export interface Followed {
  /** The nodes, or what stands in front of them. */
  urls: readonly [string, ...string[]];
  key: string;
  workspaceId: string;
}

export interface Following {
  followed: Followed;
  receipts: Receipts;
  random: Random;
}

/** Longer than between two signs of life of a connection that is well. */
export const SILENCE_MS = 4_000;

/** Somebody who follows a feed, and after every break goes on where they were, at whichever node. */
export abstract class Follower {
  readonly receipts: Receipts;
  protected readonly followed: Followed;
  private readonly random: Random;
  connections = 0;
  private over = false;
  private readonly ending = new AbortController();

  /** By which it follows. */
  abstract readonly door: string;

  constructor({ followed, receipts, random }: Following) {
    this.followed = followed;
    this.receipts = receipts;
    this.random = random;
  }

  async run(): Promise<void> {
    while (!this.over) {
      const before = this.receipts.last;
      try {
        this.connections += 1;
        await this.follow(this.random.pick(this.followed.urls), this.ending.signal);
      } catch (error) {
        // Refused, reset, silent, torn: what the network and the blows do. What the server must not say is another matter.
        if (error instanceof Refused) this.receipts.faults.push(`after ${before}: ${error.message}`);
      }
      if (!this.over) await pause(this.random.between(20, 400));
    }
  }

  stop(): void {
    this.over = true;
    this.ending.abort();
  }

  /** Takes what comes after `receipts.last` until the connection ends, in whatever way. */
  protected abstract follow(url: string, signal: AbortSignal): Promise<void>;
}

/** The server refuses for a reason of the client, who did nothing wrong. */
export class Refused extends Error {}
