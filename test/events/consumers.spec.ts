import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Conflict, NotFound } from '../../src/shared/errors/index.js';
import type { ConsumerOptions, LoggedEvent } from '../../src/shared/events/index.js';
import { query, scratchDatabase } from '../support/database.js';
import { COPIES, copyingNode } from '../support/copier.js';
import { aFeed, anEvent, type EventNode, type Feed, oneTo, someEvents, startNode } from '../support/event-node.js';
import { until } from '../support/until.js';

describe('durable consumers', () => {
  let url: string;
  const nodes: EventNode[] = [];
  const started = (node: EventNode): EventNode => (nodes.push(node), node);

  beforeEach(async () => {
    url = await scratchDatabase();
    await query(url, COPIES);
  });
  afterEach(() => Promise.all(nodes.splice(0).map((node) => node.close())));

  const start = async (name: string, options: ConsumerOptions, more = {}): Promise<EventNode> =>
    started(
      await startNode(url, { leaseMs: 1_500, ...more, prepare: ({ consumers }) => consumers.consumer(name, options) }),
    );
  const copies = async ({ feedId }: Feed): Promise<number[]> =>
    (
      await query<{ seq: number }>(url, 'SELECT seq::int AS seq FROM copies WHERE feed_id = $1 ORDER BY 1', [feedId])
    ).map(({ seq }) => seq);
  const cursor = async ({ feedId }: Feed): Promise<number> =>
    (await query<{ seq: number }>(url, 'SELECT seq::int AS seq FROM consumers WHERE feed_id = $1', [feedId]))[0]?.seq ??
    0;

  it('handle every event of every feed in order, those from before and those of new feeds', async () => {
    const writer = started(await startNode(url, { background: false }));
    const early = await aFeed(url);
    await writer.append(early, someEvents(early, 150));
    const handled: LoggedEvent[] = [];
    await start('copier', { handler: async (event) => void handled.push(event) });
    const of = (feed: Feed): number[] => handled.filter((event) => event.feedId === feed.feedId).map(({ seq }) => seq);
    await until(() => of(early).length >= 150);

    const late = await aFeed(url);
    for (let n = 0; n < 20; n++)
      await writer.append(
        n % 2 ? early : late,
        someEvents(early, 3).map((event) => ({ ...event, feedId: (n % 2 ? early : late).feedId })),
      );
    await until(() => handled.length >= 210);

    expect(of(early)).toEqual(oneTo(180));
    expect(of(late)).toEqual(oneTo(30));
    await until(async () => (await cursor(early)) === 180);
  });

  it('get the types they asked for only, and do not read the others again', async () => {
    const feed = await aFeed(url);
    const handled: number[] = [];
    const node = await start('picker', { types: ['note.torn'], handler: async ({ seq }) => void handled.push(seq) });
    await node.append(feed, [...someEvents(feed, 3), anEvent(feed, 0, 'note.torn'), ...someEvents(feed, 3)]);
    await until(() => handled.length > 0);
    await node.append(feed, [anEvent(feed, 0, 'note.torn')]);
    await until(() => handled.length > 1);

    expect(handled).toEqual([4, 8]);
    await until(async () => (await cursor(feed)) === 8);
  });

  it('do not read what does not matter, and begin at the time from which on it does', async () => {
    const [feed, other] = [await aFeed(url), await aFeed(url)];
    const since = new Map<string, Date>();
    const handled: LoggedEvent[] = [];
    const node = await start('sleeper', {
      since: async (tenantId) => since.get(tenantId),
      handler: async (event) => void handled.push(event),
    });
    await node.append(feed, someEvents(feed, 3));
    await node.append(other, someEvents(other, 3));
    since.set(other.tenantId, new Date(0));
    await until(() => handled.length === 3);

    // Later than the third event by the clock of the database, which tells milliseconds.
    const [{ now } = { now: new Date() }] = await query<{ now: Date }>(
      url,
      `SELECT date_trunc('milliseconds', clock_timestamp()) + interval '1 ms' AS now`,
    );
    await until(
      async () => (await query<{ late: boolean }>(url, 'SELECT clock_timestamp() > $1 AS late', [now]))[0]?.late,
    );
    await node.append(feed, someEvents(feed, 2));
    since.set(feed.tenantId, now);
    await until(() => handled.length === 5);
    await until(async () => (await cursor(feed)) === 5);
    since.delete(feed.tenantId);
    await node.append(feed, someEvents(feed, 2));
    await node.append(other, someEvents(other, 1));
    await until(() => handled.length === 6);

    expect(handled.map(({ feedId, seq }) => [feedId, seq])).toEqual([
      ...[1, 2, 3].map((seq) => [other.feedId, seq]),
      ...[4, 5].map((seq) => [feed.feedId, seq]),
      [other.feedId, 4],
    ]);
    expect(await cursor(feed)).toBe(5);
  });

  it('leave no effect of a handler that failed, and its effects once when it succeeds at last', async () => {
    const feed = await aFeed(url);
    let failures = 0;
    const node: EventNode = await start('copier', {
      retryMs: 5,
      handler: async (event) => {
        const sql = 'INSERT INTO copies VALUES ($1, $2, $3)';
        await node.transactions.current()?.query(sql, [event.tenantId, event.feedId, event.seq]);
        if (event.seq === 7 && ++failures < 4) throw new Error('not yet');
      },
    });
    await node.append(feed, someEvents(feed, 10));
    await until(async () => (await cursor(feed)) === 10);

    expect(await copies(feed)).toEqual(oneTo(10));
    expect(failures).toBe(4);
    expect(await node.consumers.listParked(feed.tenantId)).toEqual([]);
  });

  it('may append events themselves, which commit with the cursor', async () => {
    const feed = await aFeed(url);
    const node: EventNode = await start('echo', {
      types: ['note.written'],
      handler: async (event) => {
        node.log.append(event.tenantId, anEvent(feed, event.seq, 'note.read'));
      },
    });
    await node.append(feed, someEvents(feed, 5));
    await until(async () => (await cursor(feed)) >= 5);
    const { events } = await node.log.read(feed.tenantId, feed.feedId, { types: ['note.read'] });
    expect(events.map(({ data }) => data?.n)).toEqual(oneTo(5));
  });

  it('park an event that cannot be handled, go on, and take it again when told to', async () => {
    const [feed, other] = await Promise.all([aFeed(url), aFeed(url)]);
    const handled: string[] = [];
    let broken = true;
    const node = await start('reader', {
      maxAttempts: 3,
      retryMs: 5,
      handler: async ({ feedId, seq }) => {
        if (broken && feedId === feed.feedId && seq === 3) throw new TypeError('cannot read\0 this');
        handled.push(`${feedId}:${seq}`);
      },
    });
    await node.append(feed, someEvents(feed, 6));
    await node.append(other, someEvents(other, 6));
    await until(async () => (await cursor(feed)) === 6 && (await cursor(other)) === 6);

    const [parked, ...more] = await node.consumers.listParked(feed.tenantId);
    const key = { consumer: 'reader', feedId: feed.feedId, seq: 3 };
    expect(more).toEqual([]);
    expect(parked).toMatchObject({
      ...key,
      attempts: 3,
      error: 'TypeError: cannot read this',
      event: { ...feed, seq: 3 },
    });
    expect(parked?.event?.time).toBeInstanceOf(Date);
    expect(await node.consumers.listParked(other.tenantId)).toEqual([]);
    expect(await node.metrics.registry.metrics()).toContain(
      'muster_consumer_events_total{consumer="reader",outcome="parked"} 1',
    );

    await expect(node.consumers.redrive(feed.tenantId, key)).rejects.toThrow('cannot read');
    expect(await node.consumers.listParked(feed.tenantId)).toMatchObject([{ attempts: 4 }]);
    await expect(node.consumers.redrive(other.tenantId, key)).rejects.toThrow(NotFound);
    broken = false;
    await node.consumers.redrive(feed.tenantId, key);

    expect(handled).toContain(`${feed.feedId}:3`);
    expect(await node.consumers.listParked(feed.tenantId)).toEqual([]);
    await expect(node.consumers.redrive(feed.tenantId, key)).rejects.toThrow(NotFound);
  });

  it('do not let a tenant whose events fail keep the others waiting', async () => {
    const bad = await Promise.all(oneTo(5).map(() => aFeed(url)));
    const good = await aFeed(url);
    const handled: number[] = [];
    const node = await start('reader', {
      retryMs: 60_000,
      handler: async ({ feedId, seq }) => {
        if (feedId !== good.feedId) throw new Error('always');
        handled.push(seq);
      },
    });
    for (const feed of bad) await node.append(feed, [anEvent(feed)]);
    await node.append(good, someEvents(good, 3));
    await until(() => handled.length === 3);
    expect(handled).toEqual([1, 2, 3]);
  });

  it('give up on a handler that does not come back', async () => {
    const feed = await aFeed(url);
    const node = await start('sleeper', {
      timeoutMs: 50,
      maxAttempts: 2,
      retryMs: 5,
      handler: ({ seq }) => (seq === 1 ? new Promise(() => undefined) : Promise.resolve()),
    });
    await node.append(feed, someEvents(feed, 2));
    await until(async () => (await cursor(feed)) === 2);
    const [parked] = await node.consumers.listParked(feed.tenantId);
    expect(parked?.seq).toBe(1);
    expect(parked?.error).toContain('The handler took longer than 50 ms.');
  });

  it('run on one node at a time, and on another as soon as that one stops', async () => {
    const feed = await aFeed(url);
    const handled: Record<string, number[]> = { one: [], other: [] };
    const make = (name: 'one' | 'other') =>
      start('reader', { handler: async ({ seq }) => void handled[name]?.push(seq) }, { leaseMs: 60_000 });
    const one = await make('one');
    await until(() => one.leadership.epoch('consumer:reader'));
    const other = await make('other');
    for (let n = 0; n < 10; n++) await other.append(feed, someEvents(feed, 2));
    await until(async () => (await cursor(feed)) === 20);
    expect(handled).toEqual({ one: oneTo(20), other: [] });

    await one.close();
    nodes.splice(nodes.indexOf(one), 1);
    await other.append(feed, someEvents(feed, 2));
    await until(async () => (await cursor(feed)) === 22);
    expect(handled.other).toEqual([21, 22]);
  });

  it('refuse the step of a node that lost the consumer without knowing it', async () => {
    const feed = await aFeed(url);
    let entered = 0;
    let resume: () => void = () => undefined;
    const paused = new Promise<void>((resolve) => (resume = resolve));
    const slow = await copyingNode(url, () => undefined, { leaseMs: 60_000 });
    started(slow);
    await until(() => slow.leadership.epoch('consumer:copier'));
    await slow.append(feed, someEvents(feed, 5));
    await until(async () => (await cursor(feed)) === 5);

    // The lease is gone, the first holder believes in it still, and another one takes over and works.
    await query(url, `UPDATE leaders SET lease_expires_at = now() - interval '1 s' WHERE name = 'consumer:copier'`);
    const next = await start('copier', {
      handler: async (event) => {
        entered++;
        await paused;
        const sql = 'INSERT INTO copies VALUES ($1, $2, $3)';
        await next.transactions.current()?.query(sql, [event.tenantId, event.feedId, event.seq]);
      },
    });
    await until(() => next.leadership.epoch('consumer:copier'));
    await next.append(feed, someEvents(feed, 1));
    // Until the new holder's first step the old one's still counts, so either may take the event, and only one of them.
    await until(async () => entered > 0 || (await cursor(feed)) === 6);
    resume();
    await until(async () => (await cursor(feed)) === 6);
    await slow.append(feed, someEvents(feed, 4));
    await until(async () => (await cursor(feed)) === 10);

    expect(await copies(feed)).toEqual(oneTo(10));
  });

  it('have their effects once when the process that holds them is killed in the middle of a batch', async () => {
    const feeds = await Promise.all([aFeed(url), aFeed(url)]);
    const writer = started(await startNode(url, { background: false }));
    for (const feed of feeds) await writer.append(feed, someEvents(feed, 400));

    for (let round = 0; round < 2; round++) {
      let handled = 0;
      const child = fork(join(__dirname, '../support/consumer-process.ts'), [url], {
        execArgv: ['-r', join(__dirname, '../support/run-ts.cjs')],
      });
      child.on('message', (message: { seq?: number }) => (handled += message.seq === undefined ? 0 : 1));
      await until(() => handled > 250);
      await killed(child);
    }
    const before = (await Promise.all(feeds.map(copies))).flat().length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(800);

    started(await copyingNode(url, () => undefined));
    for (const feed of feeds) {
      await until(async () => (await cursor(feed)) === 400);
      expect(await copies(feed)).toEqual(oneTo(400));
    }
  });

  it('say what retention dropped before they had read it, and go on with what is kept', async () => {
    const [read, fresh] = await Promise.all([aFeed(url), aFeed(url)]);
    const writer = started(await startNode(url, { background: false }));
    await writer.append(read, someEvents(read, 2));
    const first = await copyingNode(url, () => undefined);
    await until(async () => (await cursor(read)) === 2);
    await first.close();
    for (const feed of [read, fresh]) {
      await writer.append(feed, someEvents(feed, 4));
      await query(url, `UPDATE events SET time = now() - interval '100 days' WHERE feed_id = $1`, [feed.feedId]);
    }
    await writer.maintenance.ensurePartitions();
    expect(await writer.maintenance.retain(30)).toHaveLength(1);
    for (const feed of [read, fresh]) await writer.append(feed, someEvents(feed, 1));

    const second = started(await copyingNode(url, () => undefined));
    await until(async () => (await cursor(read)) === 7 && (await cursor(fresh)) === 5);

    expect([await copies(read), await copies(fresh)]).toEqual([[1, 2, 7], [5]]);
    expect(await second.consumers.listParked(fresh.tenantId)).toEqual([]);
    const [lost] = await second.consumers.listParked(read.tenantId);
    expect(lost).toMatchObject({ seq: 6, event: null, error: expect.stringContaining('no longer kept') as string });
    const key = { consumer: 'copier', feedId: read.feedId, seq: 6 };
    await expect(second.consumers.redrive(read.tenantId, key)).rejects.toThrow(Conflict);
    await second.consumers.discard(read.tenantId, key);
    expect(await second.consumers.listParked(read.tenantId)).toEqual([]);
  });
});

async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
