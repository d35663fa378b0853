import type { EventView, FeedPage } from '../workspaces/index.js';
import type { Client } from './client.js';
import { ApiError } from './failures.js';

const PAGE = 1_000;

/** A feed from the oldest event that is kept. */
export class Feed {
  private constructor(
    private readonly client: Client,
    private readonly path: string,
    /** The number after which it begins: 0 unless retention dropped what came before. */
    readonly floor: number,
    private page: FeedPage,
  ) {}

  static ofWorkspace(client: Client, id: string): Promise<Feed> {
    return Feed.open(client, `/v1/workspaces/${id}/events`);
  }

  static ofTenant(client: Client): Promise<Feed> {
    return Feed.open(client, '/v1/events');
  }

  private static async open(client: Client, path: string): Promise<Feed> {
    try {
      return new Feed(client, path, 0, await client.get<FeedPage>(path, { after: 0, limit: PAGE }));
    } catch (error) {
      const floor = error instanceof ApiError && error.code === 'cursor_expired' && error.problem.oldestCursor;
      if (typeof floor !== 'number') throw error;
      return new Feed(client, path, floor, await client.get<FeedPage>(path, { after: floor, limit: PAGE }));
    }
  }

  /** Everything up to where the feed ends now, and when asked again what came since; a page is in memory. */
  async *events(): AsyncGenerator<EventView, void, undefined> {
    if (this.page.events.length === 0) this.page = await this.after(this.page.next);
    while (this.page.events.length > 0) {
      yield* this.page.events;
      this.page = await this.after(this.page.next);
    }
  }

  private after(seq: number): Promise<FeedPage> {
    return this.client.get<FeedPage>(this.path, { after: seq, limit: PAGE });
  }
}
