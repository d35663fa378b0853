import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { NotFound } from '../../src/shared/errors/index.js';
import {
  CursorAhead,
  CursorExpired,
  LiveFeeds,
  SlowConsumer,
  type SubscribeOptions,
  type Subscription,
} from '../../src/shared/events/index.js';
import { FeedsRepository } from '../../src/shared/events/feeds.repository.js';
import { NodeStopping } from '../../src/shared/http/index.js';
import { query, scratchDatabase } from '../support/database.js';
import {
  aFeed,
  anEvent,
  type EventNode,
  type Feed,
  oneTo,
  someEvents,
  startNode,
  startTwoNodes,
} from '../support/event-node.js';
import { describeWithRedis, redisUrl } from '../support/redis.js';
import { until } from '../support/until.js';

const hub = (node: EventNode): LiveFeeds => node.module.get(LiveFeeds);

const subscribe = (node: EventNode, feed: Feed, after?: number, options?: SubscribeOptions): Promise<Subscription> =>
  hub(node).subscribe(feed.tenantId, [{ feedId: feed.feedId, after }], options);

/** Takes whatever comes until the subscription is closed or ends. */
class Follower {
  readonly seen: number[] = [];
  readonly json: string[] = [];
  readonly done: Promise<unknown>;

  constructor(readonly subscription: Subscription) {
    this.done = this.take().catch((error: unknown) => error);
  }

  static async of(node: EventNode, feed: Feed, after?: number, options?: SubscribeOptions): Promise<Follower> {
    return new Follower(await subscribe(node, feed, after, options));
  }

  async close(): Promise<void> {
    this.subscription.close();
    await this.done;
  }

  private async take(): Promise<void> {
    for (;;) {
      const events = await this.subscription.next();
      if (events.length === 0) return;
      this.seen.push(...events.map(({ seq }) => seq));
      this.json.push(...events.map(({ json }) => json));
    }
  }
}

/** How often a node has read the log. */
async function reads(node: EventNode): Promise<number> {
  const text = await node.metrics.registry.metrics();
  const counts = text.matchAll(
    /operation_duration_seconds_count\{operation="(?:feeds.news|events.wireSlice)"\} (\d+)/g,
  );
  return [...counts].reduce((all, [, count]) => all + Number(count), 0);
}

async function expectNothingLeft(node: EventNode): Promise<void> {
  const text = await node.metrics.registry.metrics();
  expect(text).toContain('muster_live_feeds 0');
  expect(text).toContain('muster_live_subscriptions 0');
  expect(hub(node)['feeds'].size).toBe(0);
  await until(async () => (await node.metrics.registry.metrics()).includes('muster_events_watched_feeds 0'));
}

interface SeamLoad {
  writes: number;
  followers: number;
}

/**
 * Writers on both nodes append without a rest while followers begin on either, each at a cursor of its own somewhere in
 * what is there by then. Each must have got exactly what the log holds after its cursor.
 */
async function expectNoSeam(nodes: readonly EventNode[], { writes, followers: count }: SeamLoad): Promise<void> {
  const one = <T>(of: readonly T[]): T => of[randomInt(of.length)] as T;
  const feed = await aFeed(one(nodes).url);
  await one(nodes).append(feed, someEvents(feed, 700));
  let written = 700;

  const writer = async (): Promise<void> => {
    for (let n = 0; n < writes; n++) {
      const events = someEvents(feed, 1 + randomInt(randomInt(20) === 0 ? 400 : 4));
      await one(nodes).append(feed, events);
      written += events.length;
    }
  };
  const follower = async (): Promise<{ after: number; follower: Follower }> => {
    await pause(randomInt(writes * 4));
    const after = randomInt(3) === 0 ? randomInt(written + 1) : written - randomInt(Math.min(600, written));
    return { after, follower: await Follower.of(one(nodes), feed, after) };
  };
  const begun = Promise.all(Array.from({ length: count }, follower));
  await Promise.all(Array.from({ length: 4 }, writer));
  const all = await begun;
  const { last } = await one(nodes).log.read(feed.tenantId, feed.feedId);
  await until(() => all.every(({ follower, after }) => (follower.seen.at(-1) ?? after) === last), 'all are at the end');
  await Promise.all(all.map(({ follower }) => follower.close()));

  expect(last).toBe(written);
  for (const { after, follower } of all) expect(follower.seen).toEqual(oneTo(last).slice(after));
}

describe('following feeds', () => {
  let url: string;
  let one: EventNode;
  let other: EventNode;

  beforeAll(async () => {
    url = await scratchDatabase();
    [one, other] = await startTwoNodes(url);
  });
  afterEach(() => Promise.all([expectNothingLeft(one), expectNothingLeft(other)]));
  afterAll(() => Promise.all([one.close(), other.close()]));

  it('joins what was written to what is being written, on two nodes, without gap or repeat', async () => {
    for (let round = 0; round < 2; round++) await expectNoSeam([one, other], { writes: 60, followers: 120 });
  });

  it('does so when every wake-up is lost, by looking once a second', async () => {
    const lost = [one, other].map((node) => jest.spyOn(node.wakeups, 'publish').mockImplementation(() => undefined));
    await expectNoSeam([one, other], { writes: 40, followers: 40 });
    lost.forEach((spy) => spy.mockRestore());
  });

  it('reads the log once for all who follow a feed, and makes each event into text once', async () => {
    const feed = await aFeed(url);
    await one.append(feed, someEvents(feed, 10));
    const followers = await Promise.all(Array.from({ length: 100 }, () => Follower.of(one, feed, 10)));
    const before = await reads(one);

    for (let n = 1; n <= 20; n++) {
      await one.append(feed, [anEvent(feed, n)]);
      await until(() => followers.every(({ seen }) => seen.length === n));
    }

    expect((await reads(one)) - before).toBeLessThanOrEqual(45);
    const [first] = followers;
    // The same text, not only an equal one: a string of its own would be another 100 of them.
    expect(followers.every(({ seen }) => seen.length === first?.seen.length)).toBe(true);
    await Promise.all(followers.map((follower) => follower.close()));
  });

  it('reads the news of many feeds by few statements', async () => {
    const { tenantId } = await aFeed(url);
    // One after the other: together each would have a connection of its own.
    const feeds: Feed[] = [];
    for (let n = 0; n < 300; n++) feeds.push(await aFeed(url, tenantId));
    const followers = await Promise.all(feeds.map((feed) => Follower.of(one, feed, 0)));
    const [first] = feeds as [Feed, ...Feed[]];
    const before = await reads(one);

    for (let n = 1; n <= 5; n++) {
      await one.append(
        first,
        [...feeds, ...feeds].map((feed) => anEvent(feed, n)),
      );
      await until(() => followers.every(({ seen }) => seen.length === 2 * n));
    }

    expect((await reads(one)) - before).toBeLessThanOrEqual(40);
    for (const { seen } of followers) expect(seen).toEqual(oneTo(10));
    await Promise.all(followers.map((follower) => follower.close()));
  });

  it('takes who is not far behind without another look into the log', async () => {
    const feed = await aFeed(url);
    const first = await Follower.of(one, feed, 0);
    await one.append(feed, someEvents(feed, 30));
    await until(() => first.seen.length === 30);
    const before = await reads(one);

    const late = await Promise.all(oneTo(20).map((after) => Follower.of(one, feed, after)));

    await until(() => late.every(({ seen }) => seen.at(-1) === 30));
    expect(await reads(one)).toBe(before);
    late.forEach(({ seen }, index) => expect(seen).toEqual(oneTo(30).slice(index + 1)));
    await Promise.all([first, ...late].map((follower) => follower.close()));
  });

  it('begins with the oldest event when no cursor is given', async () => {
    const feed = await aFeed(url);
    await one.append(feed, someEvents(feed, 3));
    const follower = await Follower.of(one, feed);
    await one.append(feed, someEvents(feed, 2));
    await until(() => follower.seen.length === 5);
    expect(follower.seen).toEqual(oneTo(5));
    await follower.close();
  });

  it('gives what passes the filter, before and after it is live, and moves the cursor past the rest', async () => {
    const feed = await aFeed(url);
    const subject = randomUUID();
    const mixed = (): Parameters<EventNode['append']>[1] => [
      anEvent(feed, 1, 'note.written'),
      { ...anEvent(feed, 2, 'note.torn'), subjectId: subject },
      anEvent(feed, 3, 'book.closed'),
      anEvent(feed, 4, 'notebook.closed'),
    ];
    await one.append(feed, mixed());
    const [byName, byBeginning, bySubject] = await Promise.all([
      Follower.of(one, feed, 0, { types: ['book.closed'] }),
      Follower.of(one, feed, 0, { types: ['note.*', 'book.closed'] }),
      Follower.of(one, feed, 0, { types: ['note.*'], subjects: [subject.toUpperCase()] }),
    ]);
    await other.append(feed, mixed());
    await until(() => byBeginning.seen.length === 6);
    await until(() => byName.subscription.cursorOf(feed.feedId) === 8);

    expect(byName.seen).toEqual([3, 7]);
    expect(byBeginning.seen).toEqual([1, 2, 3, 5, 6, 7]);
    expect(bySubject.seen).toEqual([2, 6]);
    await Promise.all([byName, byBeginning, bySubject].map((follower) => follower.close()));
  });

  it('follows several feeds at once, each from its cursor', async () => {
    const first = await aFeed(url);
    const second = await aFeed(url, first.tenantId);
    await one.append(first, someEvents(first, 500));
    await one.append(second, someEvents(second, 3));
    const subscription = await hub(one).subscribe(first.tenantId, [
      { feedId: first.feedId, after: 10 },
      { feedId: second.feedId.toUpperCase(), after: 2 },
    ]);
    const seen = new Map<string, number[]>([first, second].map(({ feedId }) => [feedId, []]));
    const count = (): number => [...seen.values()].flat().length;
    const taking = (async () => {
      while (count() < 490 + 1 + 40)
        for (const { event } of await subscription.next()) seen.get(event.feedId)?.push(event.seq);
    })();
    for (let n = 0; n < 20; n++)
      await Promise.all([first, second].map((feed) => other.append(feed, [anEvent(feed, n)])));
    await taking;

    expect(seen.get(first.feedId)).toEqual(oneTo(520).slice(10));
    expect(seen.get(second.feedId)).toEqual(oneTo(23).slice(2));
    subscription.close();
    const twice = hub(one).subscribe(first.tenantId, [first, first]);
    await expect(twice).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('drops who does not take what comes, keeps nothing for them, and lets them read on from the cursor', async () => {
    const feed = await aFeed(url);
    const slow = await subscribe(one, feed, 0, { buffer: { events: 50 } });
    const heavy = await subscribe(one, feed, 0, { buffer: { bytes: 10_000 } });
    const quick = await Follower.of(one, feed, 0, { buffer: { events: 50 } });
    await one.append(feed, someEvents(feed, 5));
    expect((await slow.next()).length).toBeGreaterThan(0);
    const taken = slow.cursorOf(feed.feedId);
    for (let n = 0; n < 40; n++) await one.append(feed, someEvents(feed, 5));

    await until(() => slow.reason && heavy.reason);
    await until(() => quick.seen.length === 205);

    expect(slow.reason).toBeInstanceOf(SlowConsumer);
    await expect(slow.next()).rejects.toThrow(SlowConsumer);
    expect(slow.cursorOf(feed.feedId)).toBe(taken);
    expect(heavy.cursorOf(feed.feedId)).toBe(0);
    expect([slow['buffer'].length, slow['bufferBytes'], heavy['buffer'].length]).toEqual([0, 0, 0]);
    const again = await Follower.of(other, feed, taken);
    await until(() => again.seen.at(-1) === 205);
    expect(again.seen).toEqual(oneTo(205).slice(taken));
    await Promise.all([quick.close(), again.close()]);
  });

  it('reads a page ahead for who replays slowly, and no more, however much there is', async () => {
    const feed = await aFeed(url);
    await one.append(feed, someEvents(feed, 5_000));
    const slow = await subscribe(one, feed, 0);
    expect((await slow.next()).length).toBeGreaterThan(0);
    await until(() => slow['buffer'].length >= 1_000);
    const before = await reads(one);
    await pause(50);

    expect(await reads(one)).toBe(before);
    expect(slow['buffer'].length).toBeLessThanOrEqual(1_200);
    slow.close();
  });

  it('does not call slow who replays into a small buffer while others write', async () => {
    const feed = await aFeed(url);
    await one.append(feed, someEvents(feed, 3_000));
    const followers = await Promise.all(
      [10, 50, 300].map((events) => Follower.of(one, feed, 0, { buffer: { events } })),
    );
    let written = 3_000;
    while (followers.some(({ seen }) => (seen.at(-1) ?? 0) < 3_000)) {
      await one.append(feed, someEvents(feed, 2));
      written += 2;
    }
    await until(() =>
      followers.every(({ seen, subscription }) => seen.length === written || subscription.reason !== undefined),
    );

    for (const { seen } of followers) expect(seen).toEqual(oneTo(written));
    await Promise.all(followers.map((follower) => follower.close()));
  });

  it('replays a long feed whole, and fills no page with more than a MiB of data', async () => {
    const feed = await aFeed(url);
    await query(
      url,
      `INSERT INTO events (tenant_id, feed_id, seq, type, subject_type, subject_id, time, data)
         SELECT $1, $2, n, 'note.written', 'note', $2, now(), CASE WHEN n BETWEEN 4001 AND 4040
             THEN (SELECT jsonb_agg(md5(n::text || m)) FROM generate_series(1, 4000) m) END
           FROM generate_series(1, 12000) n`,
      [feed.tenantId, feed.feedId],
    );
    const { events, next } = await one.log.read(feed.tenantId, feed.feedId, { after: 4_000, limit: 1_000 });
    expect([events.length, next]).toEqual([events.length, 4_000 + events.length]);
    expect(events.length).toBeLessThan(20);

    const follower = await Follower.of(one, feed, 0);
    await until(() => follower.seen.at(-1) === 12_000);
    expect(follower.seen).toEqual(oneTo(12_000));
    await follower.close();
  });

  it('gives a single event whatever its size', async () => {
    const feed = await aFeed(url);
    const follower = await Follower.of(one, feed, 0, { buffer: { bytes: 100 } });
    await one.append(feed, [{ ...anEvent(feed), data: { text: 'x'.repeat(200_000) } }]);
    await until(() => follower.seen.length === 1);
    await follower.close();
  });

  it('refuses a feed of another tenant, a cursor from the future and one that is no longer kept', async () => {
    const feed = await aFeed(url);
    await one.append(feed, someEvents(feed, 9));
    const live = await Follower.of(one, feed, 0);
    await until(() => live.seen.length === 9);
    await query(url, 'UPDATE feeds SET floor_seq = 4 WHERE id = $1', [feed.feedId]);

    for (const node of [one, other]) {
      await expect(subscribe(node, { ...feed, tenantId: randomUUID() }, 9)).rejects.toThrow(NotFound);
      await expect(subscribe(node, feed, -1)).rejects.toMatchObject({ kind: 'invalid' });
    }
    await expect(subscribe(other, feed, 3)).rejects.toThrow(CursorExpired);
    await expect(subscribe(other, feed, 3)).rejects.toMatchObject({ details: { oldestCursor: 4, oldestSequence: 5 } });
    await expect(subscribe(other, feed, 10)).rejects.toThrow(CursorAhead);
    await expect(subscribe(one, feed, 10)).rejects.toThrow(CursorAhead);
    await live.close();
  });

  it('ends who follows a log that was restored, as their numbers will be given again', async () => {
    const feed = await aFeed(url);
    await one.append(feed, someEvents(feed, 9));
    const follower = await Follower.of(one, feed, 0);
    await until(() => follower.seen.length === 9);
    await query(url, 'DELETE FROM events WHERE feed_id = $1 AND seq > 4', [feed.feedId]);
    one.wakeups.deliver(feed.tenantId, [feed.feedId]);

    expect(await follower.done).toBeInstanceOf(CursorAhead);
  });

  it('ends who follows a feed of which retention dropped what was not read yet', async () => {
    const feed = await aFeed(url);
    await one.append(feed, someEvents(feed, 9));
    const follower = await Follower.of(one, feed, 0);
    await until(() => follower.seen.length === 9);
    const lost = jest.spyOn(one.wakeups, 'publish').mockImplementation(() => undefined);
    const polled = jest.spyOn(FeedsRepository.prototype, 'passed').mockResolvedValue([]);
    await one.append(feed, someEvents(feed, 3));
    await query(url, 'DELETE FROM events WHERE feed_id = $1 AND seq <= 11', [feed.feedId]);
    await query(url, 'UPDATE feeds SET floor_seq = 11 WHERE id = $1', [feed.feedId]);
    [lost, polled].forEach((spy) => spy.mockRestore());
    await one.append(feed, someEvents(feed, 1));

    expect(await follower.done).toMatchObject({ code: 'cursor_expired', details: { oldestCursor: 11 } });
    expect(follower.seen).toEqual(oneTo(9));
  });

  it('goes on by itself after the log could not be read', async () => {
    const feed = await aFeed(url);
    const follower = await Follower.of(one, feed, 0);
    const failing = jest.spyOn(FeedsRepository.prototype, 'news').mockRejectedValueOnce(new Error('connection lost'));
    await one.append(feed, someEvents(feed, 3));
    await until(() => follower.seen.length === 3);
    expect(failing).toHaveBeenCalled();
    failing.mockRestore();
    await follower.close();
  });

  it('ends what follows when the node stops, and takes nobody new', async () => {
    const leaving = await startNode(url, { background: false });
    const feed = await aFeed(url);
    const follower = await Follower.of(leaving, feed, 0);

    await leaving.close();

    expect(await follower.done).toBeInstanceOf(NodeStopping);
    await expect(subscribe(leaving, feed, 0)).rejects.toThrow(NodeStopping);
  });
});

describeWithRedis('following feeds with Redis', () => {
  it('joins what was written to what is being written, without gap or repeat', async () => {
    const url = await scratchDatabase();
    const options = { channel: `muster-test-${randomUUID()}`, redisUrl: redisUrl() };
    const nodes = await startTwoNodes(url, options);
    for (let round = 0; round < 2; round++) await expectNoSeam(nodes, { writes: 60, followers: 120 });
    await Promise.all(nodes.map(expectNothingLeft));
    await Promise.all(nodes.map((node) => node.close()));
  });
});
