import { context, propagation, trace } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { randomUUID } from 'node:crypto';
import { InvalidInput, InvalidTransaction } from '../../src/shared/errors/index.js';
import { EventOutsideTransaction, type LoggedEvent } from '../../src/shared/events/index.js';
import { withSpan } from '../../src/shared/metrics/index.js';
import { connected, query, scratchDatabase } from '../support/database.js';
import {
  aFeed,
  anEvent,
  type EventNode,
  type Feed,
  numbersOf,
  oneTo,
  someEvents,
  startTwoNodes,
} from '../support/event-node.js';

describe('appending events', () => {
  let url: string;
  let nodes: EventNode[];
  let node: EventNode;

  beforeAll(async () => {
    url = await scratchDatabase();
    nodes = await startTwoNodes(url);
    node = nodes[0] as EventNode;
  });
  afterAll(() => Promise.all(nodes.map((each) => each.close())));

  it('numbers 1, 2, 3 … without gaps, and a reader that has read n has seen everything up to n', async () => {
    const tenantId = randomUUID();
    const feeds = await Promise.all([1, 2, 3, 4].map(() => aFeed(url, tenantId)));
    const [watched] = feeds as [Feed];
    const seen: number[] = [];
    let writing = true;
    const reader = (async () => {
      for (let after = 0, last = false; ;) {
        last = !writing;
        const page = await node.log.read(tenantId, watched.feedId, { after, limit: 37 });
        seen.push(...page.events.map((event) => event.seq));
        after = page.next;
        if (last && page.events.length === 0) return;
      }
    })();

    // Every third touches all feeds, in an order of its own, and one in ten is undone.
    const writers = Array.from({ length: 200 }, (_, n) => {
      const touched = n % 3 === 0 ? [...feeds].sort(() => Math.random() - 0.5) : [feeds[n % 4] as Feed];
      const { transactions, log } = nodes[n % 2] as EventNode;
      return transactions.run({}, async () => {
        for (const feed of touched) log.append(tenantId, ...someEvents(feed, 1 + (n % 3)));
        if (n % 10 === 9) throw new Error('undone');
      });
    });
    const outcomes = await Promise.allSettled(writers);
    writing = false;
    await reader;

    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(20);
    let all = 0;
    for (const feed of feeds) {
      const numbers = await numbersOf(url, feed);
      expect(numbers).toEqual(oneTo(numbers.length));
      all += numbers.length;
    }
    expect(all).toBeGreaterThan(300);
    expect(seen).toEqual(await numbersOf(url, watched));
  });

  it('writes events last before the commit, in the order in which they were appended', async () => {
    const feed = await aFeed(url);
    await node.transactions.run({}, async () => {
      node.log.append(feed.tenantId, anEvent(feed, 1));
      expect(await numbersOf(url, feed)).toEqual([]);
      node.log.append(feed.tenantId, anEvent(feed, 2), anEvent(feed, 3));
    });

    const { events } = await node.log.read(feed.tenantId, feed.feedId);
    expect(events.map(({ seq, data }) => [seq, data])).toEqual([
      [1, { n: 1 }],
      [2, { n: 2 }],
      [3, { n: 3 }],
    ]);
    const [first] = events as [LoggedEvent];
    expect(first).toMatchObject({ ...feed, type: 'note.written', subjectType: 'note', actorId: 'ada', trace: null });
    expect(Math.abs(first.time.getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('keeps the trace in which the change was made', async () => {
    const feed = await aFeed(url);
    const provider = new NodeTracerProvider();
    provider.register();
    let traceId = '';
    try {
      await withSpan('change', {}, (span) => {
        traceId = span.spanContext().traceId;
        return node.append(feed, [anEvent(feed)]);
      });
    } finally {
      await provider.shutdown();
      trace.disable();
      context.disable();
      propagation.disable();
    }
    const { events } = await node.log.read(feed.tenantId, feed.feedId);
    expect(events[0]?.trace).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  });

  it('leaves neither event nor gap when the transaction is rolled back', async () => {
    const feed = await aFeed(url);
    await node.append(feed, [anEvent(feed)]);
    await expect(
      node.transactions.run({}, async () => {
        node.log.append(feed.tenantId, ...someEvents(feed, 3));
        throw new Error('undone');
      }),
    ).rejects.toThrow('undone');
    await node.append(feed, [anEvent(feed)]);

    expect(await numbersOf(url, feed)).toEqual([1, 2]);
  });

  it('drops the events of a part that was undone', async () => {
    const feed = await aFeed(url);
    await node.transactions.run({}, async () => {
      node.log.append(feed.tenantId, anEvent(feed, 1));
      const part = node.transactions.run({ propagation: 'nested' }, async () => {
        node.log.append(feed.tenantId, anEvent(feed, 2));
        throw new Error('undone');
      });
      await expect(part).rejects.toThrow('undone');
      node.log.append(feed.tenantId, anEvent(feed, 3));
    });

    const { events } = await node.log.read(feed.tenantId, feed.feedId);
    expect(events.map(({ seq, data }) => [seq, data])).toEqual([
      [1, { n: 1 }],
      [2, { n: 3 }],
    ]);
  });

  it('refuses an event outside a transaction', async () => {
    const feed = await aFeed(url);
    expect(() => node.log.append(feed.tenantId, anEvent(feed))).toThrow(EventOutsideTransaction);
    expect(await numbersOf(url, feed)).toEqual([]);
  });

  it('refuses a feed that does not exist, also when it is another tenant’s, and undoes the change', async () => {
    const [mine, theirs] = await Promise.all([aFeed(url), aFeed(url)]);
    for (const isolation of ['READ COMMITTED', 'SERIALIZABLE'] as const) {
      const change = node.append(mine, [anEvent(mine), anEvent(theirs)], { isolation });
      await expect(change).rejects.toThrow(InvalidInput);
    }
    expect([await numbersOf(url, mine), await numbersOf(url, theirs)]).toEqual([[], []]);
  });

  it('refuses data that could not be kept exactly, where it is appended', async () => {
    const feed = await aFeed(url);
    const bad = { ...anEvent(feed), data: { text: 'a\0b' } };
    await expect(node.append(feed, [bad])).rejects.toMatchObject({ code: 'invalid_input', message: /data\.text/ });
  });

  it('numbers nothing above READ COMMITTED, where its snapshot is old, and leaves the events in the outbox', async () => {
    const feed = await aFeed(url);
    const call = `SELECT append_events($1, ARRAY[$2]::uuid[], '{a.b}', '{a}', ARRAY[$2]::uuid[], '{null}', '{null}', '{null}')`;
    await connected(url, async (client) => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      for (let n = 0; n < 2; n++) await client.query(call, [feed.tenantId, feed.feedId]);
      await client.query('COMMIT');
    });
    expect(await numbersOf(url, feed)).toEqual([]);
    const outbox = 'SELECT position FROM event_outbox WHERE tenant_id = $1 ORDER BY position';
    expect(await query(url, outbox, [feed.tenantId])).toEqual([{ position: 1 }, { position: 2 }]);

    expect(await node.log.moveLeft(100, feed.tenantId)).toBe(1);

    expect(await numbersOf(url, feed)).toEqual([1, 2]);
  });

  it('never lets time run against the number, even when the clock was set back', async () => {
    const feed = await aFeed(url);
    await node.append(feed, [anEvent(feed)]);
    await query(url, `UPDATE events SET time = now() + interval '40 days' WHERE feed_id = $1`, [feed.feedId]);
    await node.append(feed, [anEvent(feed)]);

    const { events } = await node.log.read(feed.tenantId, feed.feedId);
    const [ahead, after] = events as [LoggedEvent, LoggedEvent];
    expect([ahead.seq, after.seq]).toEqual([1, 2]);
    expect(after.time).toEqual(ahead.time);
  });

  it('goes on numbering after a long silence, when the last event is in an older partition', async () => {
    const feed = await aFeed(url);
    await node.append(feed, someEvents(feed, 3));
    await query(url, `UPDATE events SET time = now() - interval '70 days' WHERE feed_id = $1`, [feed.feedId]);
    await node.append(feed, [anEvent(feed)]);

    expect(await numbersOf(url, feed)).toEqual([1, 2, 3, 4]);
  });

  it('rewrites no row of the feed, so an open transaction elsewhere slows nothing down', async () => {
    const feed = await aFeed(url);
    const place = (): Promise<unknown> =>
      query(url, 'SELECT ctid, xmin FROM feeds WHERE tenant_id = $1 AND id = $2', [feed.tenantId, feed.feedId]);
    await connected(url, async (analyst) => {
      await analyst.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await analyst.query('SELECT count(*) FROM feeds');
      const before = await place();
      for (let n = 0; n < 50; n++) await node.append(feed, [anEvent(feed, n)]);
      expect(await place()).toEqual(before);
    });
    expect(await numbersOf(url, feed)).toEqual(oneTo(50));
  });

  it('is not a transaction’s business once that has ended', async () => {
    const feed = await aFeed(url);
    const transaction = await node.transactions.begin();
    await transaction.commit();
    await expect(transaction.execute(async () => node.log.append(feed.tenantId, anEvent(feed)))).rejects.toThrow(
      InvalidTransaction,
    );
  });
});
