import { Client } from '../../../src/cli/client.js';
import { Feed } from '../../../src/cli/feed.js';
import { until } from '../../support/until.js';
import type { Random } from '../random.js';
import type { Followed, Follower } from './follower.js';
import { Receipts } from './receipts.js';
import { SocketFollower } from './socket-follower.js';
import { SseFollower } from './sse-follower.js';
import { WebhookFollower } from './webhook-follower.js';

export interface AudienceReport {
  followers: number;
  /** Of all of them, the first ones included. */
  connections: number;
  /** In the log. */
  events: number;
  faults: string[];
}

const CATCH_UP_MS = 240_000;
/** An event is a request for each. */
const WEBHOOKS = 4;
const FROM_BEGINNING = 12;

/** Many who follow one feed by every door there is; at the end each must have exactly the log. */
export class Audience {
  private readonly client: Client;
  private readonly followers: Follower[] = [];
  private readonly webhooks: WebhookFollower[] = [];
  private following: Promise<unknown> = Promise.resolve();

  /** @param url the server itself */
  constructor(
    url: string,
    private readonly followed: Followed,
    private readonly count: number,
    private readonly random: Random,
  ) {
    this.client = new Client({ url, key: followed.key, patienceMs: CATCH_UP_MS });
  }

  /** From the present on; a few from the beginning. */
  async start(): Promise<void> {
    const { last: after } = await this.log();
    for (let n = 0; n < this.count - WEBHOOKS; n++)
      this.followers.push(this.follower(n, n < FROM_BEGINNING ? 0 : after));
    this.following = Promise.all(this.followers.map((follower) => follower.run()));
    if (this.count < WEBHOOKS) return;
    const { workspaceId } = this.followed;
    for (let n = 0; n < WEBHOOKS; n++) {
      const webhook = new WebhookFollower({ workspaceId, after, ordered: n % 2 === 0 }, this.random.fork());
      this.webhooks.push(webhook);
      await webhook.register(this.client);
    }
  }

  /** Lets all come to the end of the log, and compares. */
  async finish(): Promise<AudienceReport> {
    const log = await this.log();
    const all = [...this.followers, ...this.webhooks];
    const areThere = () => all.every(({ receipts }) => receipts.last >= log.last);
    // Who is not is found below.
    await until(areThere, 'all followers came to the end', CATCH_UP_MS).catch(() => undefined);
    for (const follower of this.followers) follower.stop();
    await Promise.all([this.following, ...this.webhooks.map((webhook) => webhook.stop())]);
    const faults = all.flatMap(({ receipts, door }, n) => {
      const at = receipts.differsFrom(log);
      const differs = at === undefined ? [] : [`differs from the log at ${at}, has all up to ${receipts.last}`];
      return [...receipts.faults, ...differs].map((fault) => `${n}, ${door}: ${fault}`);
    });
    const connections = all.reduce((sum, follower) => sum + follower.connections, 0);
    return { followers: all.length, connections, events: log.last, faults };
  }

  private follower(n: number, after: number): Follower {
    const following = { followed: this.followed, receipts: new Receipts(after), random: this.random.fork() };
    if (n % 3 === 0) return new SseFollower(following);
    return new SocketFollower(following, n % 3 === 1 ? 'json' : 'msgpack');
  }

  private async log(): Promise<Receipts> {
    const receipts = new Receipts();
    const feed = await Feed.ofWorkspace(this.client, this.followed.workspaceId);
    for await (const event of feed.events()) receipts.take(event.sequence, JSON.stringify(event));
    return receipts;
  }
}
