import { Client } from '../../../src/cli/client.js';
import { Feed } from '../../../src/cli/feed.js';
import { until } from '../../support/until.js';
import type { Random } from '../random.js';
import type { Followed, Follower } from './follower.js';
import { Receipts } from './receipts.js';
import { SseFollower } from './sse-follower.js';

export interface AudienceReport {
  followers: number;
  /** Of all of them, the first ones included. */
  connections: number;
  /** In the log. */
  events: number;
  faults: string[];
}

const CATCH_UP_MS = 60_000;

/** Many who follow one feed by every door there is; at the end each must have exactly the log. */
export class Audience {
  private readonly followers: Follower[];
  private following: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly followed: Followed,
    count: number,
    random: Random,
  ) {
    this.followers = Array.from({ length: count }, () => new SseFollower(followed, random.fork()));
  }

  start(): void {
    this.following = Promise.all(this.followers.map((follower) => follower.run()));
  }

  /** Lets all come to the end of the log, read from the server at `url`, and compares. */
  async finish(url: string): Promise<AudienceReport> {
    const log = await this.log(url);
    const late = () => this.followers.filter(({ receipts }) => receipts.last < log.last);
    await until(() => late().length === 0, 'all followers came to the end', CATCH_UP_MS).catch(() => undefined);
    for (const follower of this.followers) follower.stop();
    await this.following;
    const faults = this.followers.flatMap((follower, n) => {
      const at = follower.receipts.differsAt(log);
      const differs = at === undefined ? [] : [`differs from the log at ${at}, has ${follower.receipts.last} events`];
      return [...follower.receipts.faults, ...differs].map((fault) => `${follower.constructor.name} ${n}: ${fault}`);
    });
    const connections = this.followers.reduce((sum, follower) => sum + follower.connections, 0);
    return { followers: this.followers.length, connections, events: log.last, faults };
  }

  private async log(url: string): Promise<Receipts> {
    const client = new Client({ url, key: this.followed.key, patienceMs: CATCH_UP_MS });
    const receipts = new Receipts();
    const feed = await Feed.ofWorkspace(client, this.followed.workspaceId);
    for await (const event of feed.events()) receipts.take(Number(event.sequence), JSON.stringify(event));
    return receipts;
  }
}
