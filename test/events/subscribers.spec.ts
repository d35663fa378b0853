import { fork } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Caller, Scope } from '../../src/shared/auth/index.js';
import { NotFound } from '../../src/shared/errors/index.js';
import {
  AckAhead,
  CursorAhead,
  CursorExpired,
  NotSubscriberOwner,
  type OpenedSubscriber,
  type OpenSubscriber,
  Subscribers,
  SubscriberTakenOver,
  type Subscription,
  TooManySubscribers,
} from '../../src/shared/events/index.js';
import { query, scratchDatabase } from '../support/database.js';
import { aFeed, type EventNode, type Feed, oneTo, someEvents, startTwoNodes } from '../support/event-node.js';
import { until } from '../support/until.js';

const of = (node: EventNode): Subscribers => node.module.get(Subscribers);

const callerOf = ({ tenantId }: Feed, actorId = 'ada', scopes: Scope[] = ['events:read']): Caller => ({
  tenantId,
  actorId,
  scopes,
});

const open = (node: EventNode, feed: Feed, more: OpenSubscriber = {}): Promise<OpenedSubscriber> =>
  of(node).open(callerOf(feed), 'inbox', { feeds: [{ feedId: feed.feedId }], ...more });

const ack = (node: EventNode, feed: Feed, seq: number, epoch?: number): Promise<number | undefined> =>
  of(node)
    .ack(callerOf(feed), 'inbox', [{ feedId: feed.feedId, seq }], epoch)
    .then(([answer]) => answer?.seq);

const acknowledged = async (node: EventNode, feed: Feed): Promise<number | undefined> =>
  (await of(node).get(callerOf(feed), 'inbox')).feeds[0]?.seq;

/** The numbers of the next events, as many as asked. */
async function take(subscription: Subscription, count: number): Promise<number[]> {
  const seen: number[] = [];
  while (seen.length < count) seen.push(...(await subscription.next()).map(({ seq }) => seq));
  return seen;
}

describe('named subscribers', () => {
  let url: string;
  let one: EventNode;
  let other: EventNode;

  beforeAll(async () => {
    url = await scratchDatabase();
    [one, other] = await startTwoNodes(url);
  });
  afterAll(() => Promise.all([one.close(), other.close()]));

  /** A feed with events. */
  const written = async (count: number, tenantId?: string): Promise<Feed> => {
    const feed = await aFeed(url, tenantId);
    await one.append(feed, someEvents(feed, count));
    return feed;
  };

  it('go on after what was acknowledged, on any node, with the filter they were opened with', async () => {
    const feed = await written(5);
    const first = await open(one, feed, { types: ['note.written'] });
    expect(await take(first.subscription, 5)).toEqual(oneTo(5));
    expect(await ack(one, feed, 3, first.epoch)).toBe(3);
    first.subscription.close();
    await one.append(feed, [...someEvents(feed, 1, 'note.torn'), ...someEvents(feed, 1)]);

    const again = await of(other).open(callerOf(feed), 'inbox', {});
    expect(again.epoch).toBeGreaterThan(first.epoch);
    expect(await take(again.subscription, 3)).toEqual([4, 5, 7]);
    expect(await of(one).get(callerOf(feed), 'inbox')).toMatchObject({
      feeds: [{ feedId: feed.feedId, seq: 3, last: 7 }],
      types: ['note.written'],
      epoch: again.epoch,
    });
    again.subscription.close();
  });

  it('follow several feeds, which can be changed; what is kept goes on at its cursor', async () => {
    const first = await written(3);
    const second = await written(2, first.tenantId);
    const third = await written(4, first.tenantId);
    const caller = callerOf(first);
    const ids = [first, second, third].map(({ feedId }) => feedId) as [string, string, string];
    const opened = await of(one).open(caller, 'inbox', { feeds: [{ feedId: ids[0] }, { feedId: ids[1], after: 1 }] });
    expect(await take(opened.subscription, 4)).toHaveLength(4);
    const both = ids.slice(0, 2).map((feedId) => ({ feedId, seq: 2 }));
    expect(await of(one).ack(caller, 'inbox', both)).toEqual(both);

    await of(other).open(caller, 'inbox', {
      feeds: [
        { feedId: ids[2], after: 3 },
        { feedId: ids[0], after: 0 },
      ],
    });

    expect((await of(one).get(caller, 'inbox')).feeds).toEqual([
      { feedId: ids[2], seq: 3, last: 4 },
      { feedId: ids[0], seq: 2, last: 3 },
    ]);
    await expect(of(one).ack(caller, 'inbox', [{ feedId: ids[1], seq: 2 }])).rejects.toThrow(NotFound);
    await of(one).delete(caller, 'inbox');
  });

  it('acknowledge repeatedly and late without harm, and never go back', async () => {
    const feed = await written(9);
    const { subscription, epoch } = await open(one, feed);
    await take(subscription, 9);

    expect(await ack(one, feed, 5, epoch)).toBe(5);
    expect(await ack(other, feed, 5)).toBe(5);
    expect(await ack(other, feed, 2)).toBe(5);
    const many = await Promise.all(oneTo(300).map((n) => ack(n % 2 ? one : other, feed, 1 + (n % 9))));
    expect(many.every((seq) => seq !== undefined && seq >= 5)).toBe(true);
    expect(await acknowledged(one, feed)).toBe(9);
    subscription.close();
  });

  it('refuse what was not sent, and what the feed does not hold', async () => {
    const feed = await written(300);
    const { subscription, epoch } = await open(one, feed);
    const [last] = (await take(subscription, 1)).slice(-1);
    expect(last).toBeLessThan(300);

    await expect(ack(one, feed, 300, epoch)).rejects.toThrow(AckAhead);
    await expect(ack(one, feed, 301)).rejects.toMatchObject({ code: 'ack_ahead', details: { seq: 301 } });
    await expect(ack(other, feed, 301, epoch)).rejects.toThrow(AckAhead);
    expect(await ack(one, feed, 300)).toBe(300);
    subscription.close();
  });

  it('move all cursors of an acknowledgement or none', async () => {
    const first = await written(3);
    const second = await written(3, first.tenantId);
    const feeds = [first, second];
    await of(one).open(callerOf(first), 'inbox', { feeds });

    const acks = [
      { feedId: first.feedId, seq: 3 },
      { feedId: second.feedId, seq: 4 },
    ];
    await expect(of(one).ack(callerOf(first), 'inbox', acks)).rejects.toThrow(AckAhead);
    expect(await acknowledged(one, first)).toBe(0);
    await of(one).delete(callerOf(first), 'inbox');
  });

  it('end the older opening when there is a newer one, whose acknowledgements alone count', async () => {
    const feed = await written(4);
    const old = await open(one, feed);
    await take(old.subscription, 4);
    const here = await open(one, feed);
    await expect(old.subscription.next()).rejects.toThrow(SubscriberTakenOver);
    const there = await open(other, feed);
    await expect(here.subscription.next().then(() => here.subscription.next())).rejects.toThrow(SubscriberTakenOver);

    for (const { epoch } of [old, here]) await expect(ack(one, feed, 2, epoch)).rejects.toThrow(SubscriberTakenOver);
    await take(there.subscription, 4);
    expect(await ack(other, feed, 2, there.epoch)).toBe(2);
    there.subscription.close();
  });

  it('leave one holder of a hundred that open at once, when messages are lost too', async () => {
    for (const lossy of [false, true]) {
      const feed = await written(1);
      const lost = lossy ? jest.spyOn(one.wakeups, 'broadcast').mockImplementation(() => undefined) : undefined;
      const openings = await Promise.allSettled(oneTo(100).map((n) => open(n % 2 ? one : other, feed)));
      const opened = openings.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      for (const each of openings) {
        if (each.status === 'rejected') expect(each.reason).toBeInstanceOf(SubscriberTakenOver);
      }
      const live = (): OpenedSubscriber[] => opened.filter(({ subscription }) => !subscription.reason);
      await until(() => live().length === 1, 'one is left');
      lost?.mockRestore();

      const { epoch } = await of(one).get(callerOf(feed), 'inbox');
      expect(live().map((each) => each.epoch)).toEqual([epoch]);
      expect(new Set(opened.map((each) => each.epoch)).size).toBe(opened.length);
      live().forEach(({ subscription }) => subscription.close());
    }
    await until(async () => {
      const texts = await Promise.all([one, other].map((node) => node.metrics.registry.metrics()));
      return texts.every((text) => text.includes('muster_subscribers_held 0'));
    });
  });

  it('lose nothing that was not acknowledged when their process is killed at any moment', async () => {
    const feed = await written(2_000);
    let before = 0;
    for (const stopAfter of [3, 41, 120]) {
      const args = [url, feed.tenantId, feed.feedId];
      const child = fork(join(__dirname, '../support/subscriber-process.ts'), args, {
        execArgv: ['-r', join(__dirname, '../support/run-ts.cjs')],
      });
      const given: number[] = [];
      const acked: number[] = [];
      child.on('message', (message: { given?: number; acked?: number }) => {
        if (message.given !== undefined) given.push(message.given);
        if (message.acked !== undefined) acked.push(message.acked);
        if (acked.length === stopAfter) child.kill('SIGKILL');
      });
      await once(child, 'exit');

      expect(given[0]).toBe(before + 1);
      const cursor = (await acknowledged(one, feed)) ?? 0;
      expect(cursor).toBeGreaterThanOrEqual(acked.at(-1) ?? 0);
      expect(cursor).toBeLessThanOrEqual(given.at(-1) ?? 0);
      before = cursor;
    }
    const { subscription } = await open(one, feed);
    expect((await take(subscription, 1))[0]).toBe(before + 1);
    subscription.close();
  });

  it('belong to who made them, within the tenant', async () => {
    const feed = await written(2);
    const { subscription } = await open(one, feed);
    const [stranger, admin] = [callerOf(feed, 'eve'), callerOf(feed, 'root', ['admin'])];
    const foreign = callerOf({ ...feed, tenantId: randomUUID() });
    const acks = [{ feedId: feed.feedId, seq: 1 }];

    await expect(of(other).open(stranger, 'inbox', {})).rejects.toThrow(NotSubscriberOwner);
    await expect(of(one).ack(stranger, 'inbox', acks)).rejects.toThrow(NotSubscriberOwner);
    await expect(of(one).delete(stranger, 'inbox')).rejects.toThrow(NotSubscriberOwner);
    await expect(of(one).ack(foreign, 'inbox', acks)).rejects.toThrow(NotFound);
    await expect(of(one).get(foreign, 'inbox')).rejects.toThrow(NotFound);
    await expect(of(one).open(foreign, 'inbox', { feeds: [feed] })).rejects.toThrow(NotFound);
    expect(await of(one).list(stranger, { limit: 10 })).toEqual([]);
    expect(await of(one).list(foreign, { limit: 10 })).toEqual([]);
    expect(await of(one).list(admin, { limit: 10 })).toHaveLength(1);
    expect(await of(one).ack(admin, 'inbox', acks)).toEqual(acks);
    await of(one).delete(admin, 'inbox');
    await expect(subscription.next().then(() => subscription.next())).rejects.toThrow(NotFound);
    await expect(of(one).open(callerOf(feed), 'inbox', {})).rejects.toThrow(NotFound);
  });

  it('are newer than before when they are deleted and made again', async () => {
    const feed = await written(2);
    const before = await open(one, feed);
    await of(other).delete(callerOf(feed), 'inbox');
    const after = await open(one, feed);

    expect(after.epoch).toBeGreaterThan(before.epoch);
    await expect(ack(one, feed, 1, before.epoch)).rejects.toThrow(SubscriberTakenOver);
    expect(after.subscription.reason).toBeUndefined();
    after.subscription.close();
  });

  it('are refused with names, feeds and cursors that cannot be, and nothing is kept of it', async () => {
    const feed = await written(2);
    const caller = callerOf(feed);
    const { feedId } = feed;
    const refused = (name: string, feeds?: OpenSubscriber['feeds']) => of(one).open(caller, name, { feeds });

    await expect(refused('in box', [{ feedId }])).rejects.toMatchObject({ kind: 'invalid' });
    await expect(refused('inbox', [])).rejects.toMatchObject({ kind: 'invalid' });
    await expect(refused('inbox', [{ feedId }, { feedId: feedId.toUpperCase() }])).rejects.toMatchObject({
      kind: 'invalid',
    });
    await expect(refused('inbox', [{ feedId: randomUUID() }])).rejects.toThrow(NotFound);
    await expect(refused('inbox', [{ feedId, after: 3 }])).rejects.toThrow(CursorAhead);
    await query(url, 'UPDATE feeds SET floor_seq = 1 WHERE id = $1', [feedId]);
    await expect(refused('inbox', [{ feedId, after: 0 }])).rejects.toThrow(CursorExpired);
    expect(await of(one).list(caller, { limit: 10 })).toEqual([]);
    const { subscription } = await refused('inbox', [{ feedId }]);
    expect(await take(subscription, 1)).toEqual([2]);
    subscription.close();
  });

  it('are a thousand in a tenant at most', async () => {
    const feed = await written(1);
    await query(
      url,
      `INSERT INTO event_subscribers (tenant_id, name, owner, feed_ids, seqs, types, subjects, epoch)
         SELECT $1, 's' || n, 'ada', '{}', '{}', '{}', '{}', 1 FROM generate_series(1, 1000) n`,
      [feed.tenantId],
    );
    await expect(open(one, feed)).rejects.toThrow(TooManySubscribers);
    const again = await of(one).open(callerOf(feed), 's7', { feeds: [feed] });
    again.subscription.close();
  });

  it('expire when nobody opens them, and not while they are held', async () => {
    const [held, left] = [await written(1), await written(1)];
    const { subscription } = await open(one, held);
    (await open(one, left)).subscription.close();
    const age = `UPDATE event_subscribers SET updated_at = now() - interval '31 days' WHERE tenant_id = $1`;
    await query(url, age, [left.tenantId]);
    await query(url, age, [held.tenantId]);
    const touched = async (): Promise<boolean> =>
      (await of(one).get(callerOf(held), 'inbox')).updatedAt.getTime() > Date.now() - 60_000;
    await until(touched, 'what is held is touched');

    expect(await one.maintenance.expireSubscribers(0)).toBe(0);
    expect(await one.maintenance.expireSubscribers()).toBe(1);
    await expect(of(one).get(callerOf(left), 'inbox')).rejects.toThrow(NotFound);
    expect(await acknowledged(one, held)).toBe(0);
    subscription.close();
  });
});
