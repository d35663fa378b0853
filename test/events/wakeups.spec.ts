import { randomUUID } from 'node:crypto';
import { query, scratchDatabase } from '../support/database.js';
import { aFeed, anEvent, type EventNode, startNode, startTwoNodes } from '../support/event-node.js';
import { describeWithRedis, redisUrl } from '../support/redis.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/** Resolves when two nodes hear each other. */
async function connected(one: EventNode, other: EventNode): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    let heard = false;
    const stop = to.wakeups.onBroadcast('hello', () => (heard = true));
    await until(() => {
      from.wakeups.broadcast('hello', 'hello');
      return heard;
    });
    stop();
  }
}

/** Wake-ups in less than the period of the safety poll, which is a second. */
async function expectToWakeEachOther(one: EventNode, other: EventNode): Promise<void> {
  for (const [writer, reader] of [
    [one, other],
    [other, one],
    [one, one],
  ] as const) {
    const feed = await aFeed(one.url);
    const woken = reader.wakeups.wait([randomUUID(), feed.feedId], 900);
    await writer.append(feed, [anEvent(feed)]);
    expect(await woken).toBe(true);
  }
}

function itCarriesMessages(open: () => [EventNode, EventNode]): void {
  it('wakes readers on both nodes', () => expectToWakeEachOther(...open()));

  it('does not wake readers of other feeds, nor when a transaction is undone', async () => {
    const [one, other] = open();
    const [feed, neighbour] = await Promise.all([aFeed(one.url), aFeed(one.url)]);
    using watch = other.wakeups.watch([neighbour.feedId]);
    using undone = other.wakeups.watch([feed.feedId]);
    const failing = one.transactions.run({}, async () => {
      one.log.append(feed.tenantId, anEvent(feed));
      throw new Error('undone');
    });
    await expect(failing).rejects.toThrow('undone');
    // Messages of one node arrive in order, so a later one tells that there was none before.
    await connected(one, other);
    expect(await undone.wait(0)).toBe(false);
    await one.append(feed, [anEvent(feed)]);
    expect(await undone.wait(5_000)).toBe(true);
    expect(await watch.wait(0)).toBe(false);
  });

  it('carries broadcasts to the other node, in order and not back', async () => {
    const [one, other] = open();
    const channel = randomUUID();
    const [heard, back]: [string[], string[]] = [[], []];
    other.wakeups.onBroadcast(channel, (payload) => heard.push(payload));
    one.wakeups.onBroadcast(channel, (payload) => back.push(payload));
    const sent = Array.from({ length: 50 }, (_, n) => `${n}:${'ö'.repeat(1_000)}`);

    for (const payload of sent) one.wakeups.broadcast(channel, payload);
    await until(() => heard.length === sent.length);

    expect(heard).toEqual(sent);
    expect(back).toEqual([]);
    expect(() => one.wakeups.broadcast(channel, 'x'.repeat(8_000))).toThrow(RangeError);
  });

  it('carries thousands of feeds at once', async () => {
    const [one, other] = open();
    const feeds = Array.from({ length: 3_000 }, () => randomUUID());
    const heard = new Set<string>();
    const stop = other.wakeups.onWake((_tenant, ids) => ids.forEach((id) => heard.add(id)));
    one.wakeups.publish(randomUUID(), feeds);
    await until(() => heard.size === feeds.length);
    stop();
  });
}

describe('wake-ups by NOTIFY', () => {
  let url: string;
  let one: EventNode;
  let other: EventNode;

  beforeAll(async () => {
    url = await scratchDatabase();
    [one, other] = await startTwoNodes(url);
    await connected(one, other);
  });
  afterAll(() => Promise.all([one.close(), other.close()]));

  itCarriesMessages(() => [one, other]);

  it('comes back when its connections are cut, keeps what was to be sent and tells that something may be missing', async () => {
    const feed = await aFeed(url);
    const reconnected = jest.fn();
    const heard: string[] = [];
    other.wakeups.onReconnect(reconnected);
    other.wakeups.onBroadcast('kept', (payload) => heard.push(payload));
    using watch = other.wakeups.watch([feed.feedId]);

    const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'muster wakeups' AND datname = current_database()`;
    expect(await query(url, cut)).toHaveLength(2);
    await until(() => reconnected.mock.calls.length > 0);
    expect(await watch.wait(5_000)).toBe(true);
    for (let n = 0; n < 20; n++) one.wakeups.broadcast('kept', String(n));

    await connected(one, other);
    await expectToWakeEachOther(one, other);
    expect(heard).toEqual(Array.from({ length: 20 }, (_, n) => String(n)));
    // Once for each node, however often it has to try: Nest's log is one for the process.
    expect(other.logged.filter(({ msg }) => String(msg).includes('wake-ups is lost'))).toHaveLength(2);
  });

  it('sends at most one message in a few milliseconds, however much is appended', async () => {
    const feed = await aFeed(url);
    const messages = jest.spyOn(one.wakeups['bus'], 'send');
    const started = performance.now();
    for (let n = 0; n < 300; n++) one.wakeups.publish(feed.tenantId, [feed.feedId]);
    for (let n = 0; n < 100; n++) await one.append(feed, [anEvent(feed, n)]);
    const elapsed = performance.now() - started;
    expect(messages.mock.calls.length).toBeGreaterThan(0);
    expect(messages.mock.calls.length).toBeLessThanOrEqual(elapsed / 4 + 3);
    messages.mockRestore();
  });
});

describeWithRedis('wake-ups by Redis', () => {
  let url: string;
  let proxy: TcpProxy;
  const channel = `muster-test-${randomUUID()}`;
  let one: EventNode;
  let other: EventNode;

  beforeAll(async () => {
    url = await scratchDatabase();
    proxy = await TcpProxy.start(redisUrl());
    [one, other] = await Promise.all([
      startNode(url, { background: false, channel, redisUrl: redisUrl() }),
      startNode(url, { background: false, channel, redisUrl: proxy.url }),
    ]);
    await connected(one, other);
  });
  afterAll(async () => {
    await Promise.all([one.close(), other.close()]);
    await proxy.stop();
  });

  itCarriesMessages(() => [one, other]);

  it('falls back to the safety poll while Redis is away, without an error, and comes back', async () => {
    const feed = await aFeed(url);
    const reconnected = jest.fn();
    const heard: string[] = [];
    other.wakeups.onReconnect(reconnected);
    one.wakeups.onBroadcast('kept', (payload) => heard.push(payload));
    await proxy.stop();
    await until(() => other.logged.some(({ msg }) => String(msg).startsWith('Redis is lost')));

    const page = other.log.poll(feed.tenantId, feed.feedId, { after: 0, waitMs: 20_000 });
    await one.append(feed, [anEvent(feed)]);
    expect((await page).events).toHaveLength(1);
    other.wakeups.broadcast('kept', 'sent while it was away');
    await other.append(feed, [anEvent(feed)]);
    expect(heard).toEqual([]);

    await proxy.open();
    await until(() => reconnected.mock.calls.length > 0);
    await connected(one, other);
    await expectToWakeEachOther(one, other);
    expect(heard).toEqual(['sent while it was away']);
  });

  it('starts without Redis and finds it later', async () => {
    const away = await TcpProxy.start(redisUrl());
    await away.stop();
    const late = await startNode(url, { background: false, channel, redisUrl: away.url });
    const feed = await aFeed(url);
    await late.append(feed, [anEvent(feed)]);
    await away.open();
    await connected(one, late);
    await late.close();
    await away.stop();
  });
});
