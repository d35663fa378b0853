import { randomUUID } from 'node:crypto';
import { NotFound } from '../../src/shared/errors/index.js';
import { CursorAhead, type LoggedEvent, toCloudEvent } from '../../src/shared/events/index.js';
import { query, scratchDatabase } from '../support/database.js';
import { aFeed, anEvent, type EventNode, oneTo, someEvents, startNode } from '../support/event-node.js';
import { until } from '../support/until.js';

describe('reading events', () => {
  let url: string;
  let node: EventNode;

  beforeAll(async () => {
    url = await scratchDatabase();
    node = await startNode(url, { background: false });
  });
  afterAll(() => node.close());

  it('reads a feed page by page, each event once', async () => {
    const feed = await aFeed(url);
    await node.append(feed, someEvents(feed, 25));
    const seen: number[] = [];
    for (let after = 0; ;) {
      const page = await node.log.read(feed.tenantId, feed.feedId, { after, limit: 10 });
      expect(page.last).toBe(25);
      if (page.events.length === 0) break;
      seen.push(...page.events.map(({ seq }) => seq));
      expect(page.next).toBe(seen.at(-1));
      after = page.next;
    }
    expect(seen).toEqual(oneTo(25));
  });

  it('moves the cursor past events that the filter leaves out', async () => {
    const feed = await aFeed(url);
    await node.append(feed, [...someEvents(feed, 5), anEvent(feed, 5, 'note.torn'), ...someEvents(feed, 4)]);
    const types = ['note.torn', 'note.burnt'];

    const first = await node.log.read(feed.tenantId, feed.feedId, { after: 0, types });
    const second = await node.log.read(feed.tenantId, feed.feedId, { after: first.next, types });

    expect([first.events.map(({ seq }) => seq), first.next]).toEqual([[6], 10]);
    expect([second.events, second.next]).toEqual([[], 10]);
  });

  it('takes types by name and by beginning, and subjects by id', async () => {
    const feed = await aFeed(url);
    const types = ['note.torn', 'note_book.torn', 'noteXbook.torn', 'note.torn_up', 'book.closed'];
    const events = types.map((type) => anEvent(feed, 0, type));
    await node.append(feed, events);
    const read = async (filter: { types?: string[]; subjects?: string[] }): Promise<number[]> => {
      const page = await node.log.read(feed.tenantId, feed.feedId, { after: 0, ...filter });
      expect(page.next).toBe(5);
      return page.events.map(({ seq }) => seq);
    };

    expect(await read({ types: ['note.torn'] })).toEqual([1]);
    expect(await read({ types: ['note.*'] })).toEqual([1, 4]);
    expect(await read({ types: ['note_book.*', 'book.closed'] })).toEqual([2, 5]);
    expect(await read({ types: ['*'] })).toEqual([1, 2, 3, 4, 5]);
    const subjects = [events[0], events[4]].map((event) => event?.subjectId.toUpperCase() ?? '');
    expect(await read({ subjects })).toEqual([1, 5]);
    expect(await read({ types: ['note.*'], subjects })).toEqual([1]);
    expect(await read({ subjects: [`note/${subjects[1]}`, `book/${subjects[0]}`] })).toEqual([5]);
    expect(await read({ subjects: ['note/*'] })).toEqual([1, 2, 3, 4, 5]);
    expect(await read({ subjects: ['book/*', '*'] })).toEqual([1, 2, 3, 4, 5]);
    expect(await read({ subjects: ['book/*'] })).toEqual([]);
  });

  it('looks through a bounded part of the feed for a rare type, and says how far it came', async () => {
    const feed = await aFeed(url);
    await query(
      url,
      `INSERT INTO events (tenant_id, feed_id, seq, type, subject_type, subject_id, time)
         SELECT $1, $2, n, CASE n WHEN 24000 THEN 'note.torn' ELSE 'note.written' END, 'note', $2, now()
           FROM generate_series(1, 25000) n`,
      [feed.tenantId, feed.feedId],
    );
    const read = (after?: number) => node.log.read(feed.tenantId, feed.feedId, { after, types: ['note.torn'] });

    expect(await read()).toEqual({ events: [], next: 10_000, last: 25_000 });
    expect(await read(10_000)).toEqual({ events: [], next: 20_000, last: 25_000 });
    expect(await read(20_000)).toMatchObject({ events: [{ seq: 24_000 }], next: 25_000 });
    const polled = await node.log.poll(feed.tenantId, feed.feedId, { after: 0, types: ['note.torn'], waitMs: 0 });
    expect(polled.next).toBe(10_000);
  });

  it('does not know another tenant’s feed', async () => {
    const feed = await aFeed(url);
    await node.append(feed, [anEvent(feed)]);
    await expect(node.log.read(randomUUID(), feed.feedId)).rejects.toThrow(NotFound);
  });

  it.each([-1, 1.5, Number.NaN])('refuses %p as a cursor', async (after) => {
    const feed = await aFeed(url);
    await expect(node.log.read(feed.tenantId, feed.feedId, { after })).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('tells a cursor that the feed has not reached, as after a restore, instead of waiting for its number', async () => {
    const feed = await aFeed(url);
    await node.append(feed, someEvents(feed, 9));
    const { next } = await node.log.read(feed.tenantId, feed.feedId);
    await query(url, 'DELETE FROM events WHERE feed_id = $1 AND seq > 4', [feed.feedId]);

    const late = node.log.poll(feed.tenantId, feed.feedId, { after: next, waitMs: 10_000 });

    await expect(late).rejects.toThrow(CursorAhead);
    await expect(late).rejects.toMatchObject({ kind: 'gone', details: { after: 9, lastSequence: 4 } });
  });

  it('finds events whose time lies before what was read, as after a failover that lost some', async () => {
    const feed = await aFeed(url);
    await node.append(feed, someEvents(feed, 3));
    await node.log.read(feed.tenantId, feed.feedId);
    await query(
      url,
      `INSERT INTO events (tenant_id, feed_id, seq, type, subject_type, subject_id, time)
         SELECT $1, $2, n, 'note.written', 'note', $2, now() + (n - 5) * interval '1 minute'
           FROM generate_series(4, 6) n`,
      [feed.tenantId, feed.feedId],
    );
    const { events } = await node.log.read(feed.tenantId, feed.feedId, { after: 3 });
    expect(events.map(({ seq }) => seq)).toEqual([4, 5, 6]);
  });

  it('looks no further for a reader who may not read any more', async () => {
    const feed = await aFeed(url);
    const looks: (() => Promise<void>)[] = [() => Promise.resolve(), () => Promise.reject(new Error('revoked'))];
    const beforeLook = () => looks.shift()?.() ?? Promise.resolve();
    const page = node.log.poll(feed.tenantId, feed.feedId, { after: 0, waitMs: 20_000, beforeLook });
    const refused = expect(page).rejects.toThrow('revoked');
    await until(() => looks.length === 1);
    await node.append(feed, [anEvent(feed, 1)]);
    await refused;
  });

  it('waits for the first event and answers it as soon as it is there', async () => {
    const feed = await aFeed(url);
    const page = node.log.poll(feed.tenantId, feed.feedId, { after: 0, waitMs: 20_000 });
    await node.append(feed, [anEvent(feed, 1)]);
    expect((await page).events.map(({ data }) => data)).toEqual([{ n: 1 }]);
  });

  it('answers an empty page when the time is up or nobody wants it any more', async () => {
    const feed = await aFeed(url);
    expect(await node.log.poll(feed.tenantId, feed.feedId, { after: 0, waitMs: 20 })).toMatchObject({
      events: [],
      next: 0,
    });
    const leaving = new AbortController();
    const page = node.log.poll(feed.tenantId, feed.feedId, { after: 0, waitMs: 20_000 }, leaving.signal);
    leaving.abort();
    expect((await page).events).toEqual([]);
  });

  it('finds an event whose wake-up was lost', async () => {
    const feed = await aFeed(url);
    const page = node.log.poll(feed.tenantId, feed.feedId, { after: 0, waitMs: 20_000 });
    await until(async () => (await node.metrics.registry.metrics()).includes('muster_events_watched_feeds 1'));
    // Past every node, as one does that dies between its commit and its wake-up.
    await query(
      url,
      `SELECT append_events($1, ARRAY[$2]::uuid[], '{note.written}', '{note}', ARRAY[$2]::uuid[], '{null}', '{null}', '{null}')`,
      [feed.tenantId, feed.feedId],
    );
    expect((await page).events.map(({ seq }) => seq)).toEqual([1]);
  });

  it('follows a feed, through what is there and what comes, without gap or repeat', async () => {
    const feed = await aFeed(url);
    await node.append(feed, someEvents(feed, 450));
    const end = new AbortController();
    const seen: number[] = [];
    const tail = (async () => {
      for await (const event of node.log.tail(feed.tenantId, feed.feedId, 100, { signal: end.signal }))
        seen.push(event.seq);
    })();
    await Promise.all(Array.from({ length: 30 }, (_, n) => node.append(feed, someEvents(feed, 1 + (n % 4)))));
    const last = (await node.log.read(feed.tenantId, feed.feedId)).last;
    await until(() => seen.at(-1) === last);
    end.abort();
    await tail;

    expect(seen).toEqual(oneTo(last).slice(100));
  });

  it('ends what waits when the node shuts down', async () => {
    const leaving = await startNode(url, { background: false });
    const feed = await aFeed(url);
    const page = leaving.log.poll(feed.tenantId, feed.feedId, { after: 0, waitMs: 25_000 });
    const tail = leaving.log.tail(feed.tenantId, feed.feedId).next();
    // Both have looked and found nothing.
    const looked = 'muster_operation_duration_seconds_count{operation="events.slice"} 2';
    await until(async () => (await leaving.metrics.registry.metrics()).includes(looked));

    const started = performance.now();
    await leaving.close();

    expect((await page).events).toEqual([]);
    expect((await tail).done).toBe(true);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('asks the newest partitions only, for the last number and for what follows a known event', async () => {
    const plan = async (condition: string): Promise<string> => {
      const sql = `EXPLAIN (COSTS OFF) SELECT seq, time FROM events WHERE tenant_id = '${randomUUID()}'
        AND feed_id = '${randomUUID()}' AND ${condition} ORDER BY seq DESC LIMIT 1`;
      return (await query<{ 'QUERY PLAN': string }>(url, sql)).map((line) => line['QUERY PLAN']).join('\n');
    };
    const month = (ago: number): string => {
      const now = new Date();
      const then = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago, 1));
      return `events_${then.getUTCFullYear()}_${String(then.getUTCMonth() + 1).padStart(2, '0')}`;
    };
    // A row from the past that went to the default partition gets a partition of its own.
    await query(
      url,
      `INSERT INTO events (tenant_id, feed_id, seq, type, subject_type, subject_id, time)
         SELECT gen_random_uuid(), gen_random_uuid(), 1, 'a.b', 'a', gen_random_uuid(), now() - make_interval(months => m)
           FROM generate_series(3, 5) m`,
    );
    await node.maintenance.ensurePartitions();

    const everything = await plan('true');
    const newest = await plan(`time >= date_trunc('month', now(), 'UTC')`);

    expect(everything).toContain(`${month(4)}_pkey`);
    expect(newest).toContain(`Scan Backward using ${month(0)}_pkey`);
    expect(newest).not.toContain(month(3));
    expect(newest).not.toContain(month(4));
    expect(newest).toContain('Subplans Removed');
    const [{ source } = { source: '' }] = await query<{ source: string }>(
      url,
      `SELECT prosrc AS source FROM pg_proc WHERE proname = 'append_events'`,
    );
    expect(source.indexOf(`time >= date_trunc('month', now(), 'UTC')`)).toBeGreaterThan(0);
  });

  it('makes CloudEvents 1.0', () => {
    const event: LoggedEvent = {
      tenantId: 'f0000000-0000-4000-8000-000000000000',
      feedId: 'f0000000-0000-4000-8000-000000000001',
      seq: 7,
      type: 'task.created',
      subjectType: 'task',
      subjectId: 'f0000000-0000-4000-8000-000000000002',
      actorId: 'ada',
      time: new Date('2026-11-23T12:00:00.123Z'),
      data: { title: 'Write' },
      trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    };
    expect(toCloudEvent(event)).toEqual({
      specversion: '1.0',
      id: `${event.feedId}:7`,
      type: 'task.created',
      source: `/v1/workspaces/${event.feedId}`,
      subject: `task/${event.subjectId}`,
      time: '2026-11-23T12:00:00.123Z',
      sequence: 7,
      feed: event.feedId,
      datacontenttype: 'application/json',
      data: { title: 'Write' },
      actor: 'ada',
      traceparent: event.trace,
    });
    const ofTenant = toCloudEvent({ ...event, feedId: event.tenantId, actorId: null, trace: null });
    expect(ofTenant.source).toBe(`/v1/tenants/${event.tenantId}`);
    expect(ofTenant).not.toHaveProperty('actor');
    expect(ofTenant).not.toHaveProperty('traceparent');
  });
});
