import { CursorExpired } from '../../src/shared/events/index.js';
import { connected, query, scratchDatabase } from '../support/database.js';
import {
  aFeed,
  anEvent,
  type EventNode,
  type Feed,
  numbersOf,
  oneTo,
  someEvents,
  startNode,
} from '../support/event-node.js';
import { until } from '../support/until.js';

describe('retention', () => {
  let url: string;
  let node: EventNode;

  beforeEach(async () => {
    url = await scratchDatabase();
    node = await startNode(url, { background: false });
  });
  afterEach(() => node.close());

  const partitions = async (): Promise<string[]> => {
    const sql = `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass ORDER BY 1`;
    return (await query<{ name: string }>(url, sql)).map(({ name }) => name);
  };
  const inDefault = async (): Promise<number> =>
    (await query<{ count: number }>(url, 'SELECT count(*)::int AS count FROM events_default'))[0]?.count ?? 0;
  /** Makes events of a feed older, all of them or up to a number. */
  const age = async ({ feedId }: Feed, days: number, upTo = 1_000_000): Promise<void> => {
    const sql = 'UPDATE events SET time = time - make_interval(days => $2) WHERE feed_id = $1 AND seq <= $3';
    await query(url, sql, [feedId, days, upTo]);
    await node.maintenance.ensurePartitions();
  };

  it('makes partitions ahead, again and at once without harm, and brings home what had to go to the default one', async () => {
    const feed = await aFeed(url);
    await node.append(feed, someEvents(feed, 5));
    const [first] = await partitions();
    await query(url, `ALTER TABLE events DETACH PARTITION ${first}`);
    await query(url, `INSERT INTO events SELECT * FROM ${first}; `);
    await query(url, `DROP TABLE ${first}`);
    await node.append(feed, someEvents(feed, 5));
    expect(await inDefault()).toBe(10);

    await Promise.all(Array.from({ length: 4 }, () => node.maintenance.ensurePartitions()));

    expect(await inDefault()).toBe(0);
    expect(await partitions()).toHaveLength(4);
    expect(await numbersOf(url, feed)).toEqual(oneTo(10));
    await node.append(feed, someEvents(feed, 2));
    expect(await numbersOf(url, feed)).toEqual(oneTo(12));
  });

  it('gives up making partitions while a long reader is in the way, and appends go on meanwhile', async () => {
    const feed = await aFeed(url);
    await query(url, `INSERT INTO events SELECT $1, $2, 1, 'a.b', 'a', $2, 'ada', now() - interval '90 days'`, [
      feed.tenantId,
      feed.feedId,
    ]);
    await connected(url, async (analyst) => {
      await analyst.query('BEGIN');
      await analyst.query('SELECT count(*) FROM events');
      const making = node.maintenance.ensurePartitions();
      await node.append(feed, [anEvent(feed)]);
      await expect(making).rejects.toMatchObject({ cause: { code: '55P03' } });
    });
    await node.maintenance.ensurePartitions();
    expect(await inDefault()).toBe(0);
    expect(await numbersOf(url, feed)).toEqual([1, 2]);
  });

  it('drops whole old partitions, tells old cursors so, and never numbers again from the start', async () => {
    const feed = await aFeed(url);
    await node.append(feed, someEvents(feed, 10));
    await age(feed, 100);
    await node.append(feed, someEvents(feed, 3));
    const before = await partitions();

    expect(await node.maintenance.retain(30)).toHaveLength(1);

    expect(await partitions()).toHaveLength(before.length - 1);
    expect(await numbersOf(url, feed)).toEqual([11, 12, 13]);
    const late = node.log.read(feed.tenantId, feed.feedId, { after: 4 });
    await expect(late).rejects.toThrow(CursorExpired);
    await expect(late).rejects.toMatchObject({ kind: 'gone', details: { oldestCursor: 10, oldestSequence: 11 } });
    const oldest = await node.log.read(feed.tenantId, feed.feedId, { after: 10 });
    expect(oldest.events.map(({ seq }) => seq)).toEqual([11, 12, 13]);
    expect((await node.log.read(feed.tenantId, feed.feedId)).events).toEqual(oldest.events);
  });

  it('continues the numbers when everything has been dropped, also of feeds that others share a partition with', async () => {
    const feeds = await Promise.all([aFeed(url), aFeed(url), aFeed(url)]);
    for (const [n, feed] of feeds.entries()) {
      await node.append(feed, someEvents(feed, 4 + n));
      await age(feed, 70 + 40 * n);
    }

    const dropped = await node.maintenance.retain(20);

    expect(dropped).toEqual([...dropped].sort());
    expect(dropped.length).toBeGreaterThanOrEqual(3);
    const [count] = await query<{ count: number }>(url, 'SELECT count(*)::int AS count FROM events');
    expect(count?.count).toBe(0);
    for (const [n, feed] of feeds.entries()) {
      expect(await node.log.read(feed.tenantId, feed.feedId)).toMatchObject({ events: [], next: 4 + n, last: 4 + n });
      await node.append(feed, someEvents(feed, 2));
      expect(await numbersOf(url, feed)).toEqual([5 + n, 6 + n]);
    }
  });

  it('keeps the numbers gap-free while partitions are dropped under appends', async () => {
    const feeds = await Promise.all([aFeed(url), aFeed(url)]);
    for (const feed of feeds) {
      await node.append(feed, someEvents(feed, 6));
      await age(feed, 40, 6);
      await age(feed, 40, 4);
      await age(feed, 40, 2);
    }
    const appends = Array.from({ length: 60 }, (_, n) => {
      const both = n % 2 ? feeds : feeds.toReversed();
      return node.transactions.run({ retries: 5 }, async () => {
        for (const feed of both) node.log.append(feed.tenantId, anEvent(feed, n));
      });
    });
    const dropped = await until(() => node.maintenance.retain(20).catch(() => undefined));
    await Promise.all(appends);

    expect(dropped).toHaveLength(3);
    for (const feed of feeds) expect(await numbersOf(url, feed)).toEqual(oneTo(66).slice(6));
  });

  it('keeps everything unless told otherwise', async () => {
    const feed = await aFeed(url);
    await node.append(feed, someEvents(feed, 3));
    await age(feed, 4_000);
    expect(await node.maintenance.retain()).toEqual([]);
    expect(await numbersOf(url, feed)).toEqual([1, 2, 3]);
  });

  it('is done by one of the nodes by itself, with the outbox of a node that died', async () => {
    const feed = await aFeed(url);
    await node.append(feed, someEvents(feed, 3));
    await age(feed, 100);
    await query(
      url,
      `INSERT INTO event_outbox (tenant_id, transaction_id, position, feed_id, type, subject_type, subject_id)
         VALUES ($1, $2, 1, $2, 'note.written', 'note', $2)`,
      [feed.tenantId, feed.feedId],
    );
    const working = await Promise.all([1, 2].map(() => startNode(url, { retentionDays: 30 })));
    await until(async () => (await numbersOf(url, feed)).join() === '4');
    await Promise.all(working.map((each) => each.close()));
  });
});

describe('an idle node', () => {
  it('asks the database less than twice a second, with consumers and maintenance running', async () => {
    const node = await startNode(await scratchDatabase(), {
      prepare: ({ consumers }) => {
        for (const name of ['a', 'b', 'c', 'd']) consumers.consumer(name, { handler: () => Promise.resolve() });
      },
    });
    const asked = async (): Promise<number> => {
      const { values } = await node.metrics.operationDuration.get();
      const counts = values.filter(({ metricName }) => metricName?.endsWith('_count'));
      return counts.reduce((all, { value }) => all + value, 0);
    };
    try {
      await until(() => ['a', 'b', 'c', 'd'].every((name) => node.leadership.epoch(`consumer:${name}`)));
      const [before, began] = [await asked(), performance.now()];
      await until(() => performance.now() - began > 8_000);
      expect(((await asked()) - before) / 8).toBeLessThan(2);
    } finally {
      await node.close();
    }
  });
});
