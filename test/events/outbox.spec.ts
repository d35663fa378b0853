import { query, scratchDatabase } from '../support/database.js';
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

describe('events of transactions above READ COMMITTED', () => {
  let url: string;
  let one: EventNode;
  let other: EventNode;

  beforeAll(async () => {
    url = await scratchDatabase();
    [one, other] = await startTwoNodes(url);
  });
  afterAll(() => Promise.all([one.close(), other.close()]));

  const left = async ({ tenantId }: Feed): Promise<number> => {
    const sql = 'SELECT count(*)::int AS count FROM event_outbox WHERE tenant_id = $1';
    return (await query<{ count: number }>(url, sql, [tenantId]))[0]?.count ?? 0;
  };
  /** Commits events on a node that dies before it moves them: what it would do after the commit does not happen. */
  const commitAndDie = async (feed: Feed, count: number): Promise<void> => {
    const transaction = await one.transactions.begin({ isolation: 'SERIALIZABLE' });
    await transaction.execute(async () => one.log.append(feed.tenantId, ...someEvents(feed, count)));
    jest.spyOn(transaction, 'afterCommit').mockImplementation(() => undefined);
    await transaction.commit();
  };

  it('are in the log when the call returns, numbered among the others', async () => {
    const feed = await aFeed(url);
    await one.append(feed, [anEvent(feed, 1)]);
    await one.append(feed, [anEvent(feed, 2), anEvent(feed, 3)], { isolation: 'SERIALIZABLE' });
    await one.append(feed, [anEvent(feed, 4)], { isolation: 'REPEATABLE READ' });

    const { events } = await one.log.read(feed.tenantId, feed.feedId);
    expect(events.map(({ seq, data }) => [seq, data])).toEqual([1, 2, 3, 4].map((n) => [n, { n }]));
    expect(await left(feed)).toBe(0);
  });

  it('are gone with a transaction that fails, and come once from one that was run again', async () => {
    const feed = await aFeed(url);
    await query(url, 'CREATE TABLE IF NOT EXISTS counters (id int PRIMARY KEY, n int NOT NULL)');
    await query(url, 'INSERT INTO counters VALUES (1, 0)');
    const increase = (node: EventNode): Promise<void> =>
      node.transactions.run({ isolation: 'SERIALIZABLE', retries: 50 }, async () => {
        const transaction = node.transactions.current();
        const rows = await transaction?.query<{ n: number }>('SELECT n FROM counters WHERE id = 1');
        const n = (rows?.[0]?.n ?? 0) + 1;
        node.log.append(feed.tenantId, anEvent(feed, n));
        await transaction?.query('UPDATE counters SET n = $1 WHERE id = 1', [n]);
      });

    await Promise.all(Array.from({ length: 20 }, (_, n) => increase(n % 2 ? one : other)));

    const { events } = await one.log.read(feed.tenantId, feed.feedId);
    expect(events.map(({ seq }) => seq)).toEqual(oneTo(20));
    expect(events.map(({ data }) => data?.n).sort((a, b) => Number(a) - Number(b))).toEqual(oneTo(20));
  });

  it('are moved by another node when theirs died after the commit, in order', async () => {
    const feed = await aFeed(url);
    await commitAndDie(feed, 3);
    await commitAndDie(feed, 2);
    expect(await numbersOf(url, feed)).toEqual([]);
    expect(await left(feed)).toBe(5);

    const woken = other.wakeups.wait([feed.feedId], 5_000);
    await other.log.moveLeft();

    expect(await woken).toBe(true);
    const { events } = await other.log.read(feed.tenantId, feed.feedId);
    expect(events.map(({ data }) => data?.n)).toEqual([0, 1, 2, 0, 1]);
    expect(await left(feed)).toBe(0);
  });

  it('are moved once, however many nodes try at the same time', async () => {
    const feeds = await Promise.all([aFeed(url), aFeed(url), aFeed(url)]);
    for (const feed of feeds) for (let n = 0; n < 5; n++) await commitAndDie(feed, 2);

    await Promise.all([one, other, one, other].map((node) => node.log.moveLeft()));

    for (const feed of feeds) expect(await numbersOf(url, feed)).toEqual(oneTo(10));
  });
});
