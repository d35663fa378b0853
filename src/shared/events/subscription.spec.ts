import { randomUUID } from 'node:crypto';
import { EventFilter } from './event-filter.js';
import { Subscription } from './subscription.js';
import { WireEvent } from './wire-event.js';

const anEvent = (feedId: string, seq: number): WireEvent =>
  new WireEvent({
    tenantId: feedId,
    feedId,
    seq,
    type: 'note.written',
    subjectType: 'note',
    subjectId: feedId,
    actorId: null,
    time: new Date(),
    data: null,
    trace: null,
  });

/** Follows feeds of 1,000 events each, whose log is real to it and never live. */
function following(feeds: number, limits: { events: number; bytes: number }) {
  const ids = Array.from({ length: feeds }, () => randomUUID());
  let waiting = 0;
  const most = { waiting: 0 };
  const subscription = new Subscription(
    ids.map((feedId) => ({ feedId, after: 0 })),
    {
      filter: new EventFilter(),
      limits,
      read: ({ feedId, read = 0 }, limit) => {
        const events = Array.from({ length: Math.min(limit, 1_000 - read) }, (_, n) => anEvent(feedId, read + n + 1));
        waiting += events.length;
        most.waiting = Math.max(most.waiting, waiting);
        return Promise.resolve({ events, page: { next: read + events.length, last: 1_000 } });
      },
      join: (_, { read = 0 }) => read === 1_000,
      leave: () => undefined,
    },
  );
  const next = async () => {
    const events = await subscription.next();
    waiting -= events.length;
    return events;
  };
  return { ids, subscription, next, most };
}

describe('Subscription', () => {
  it('keeps no more than it may, however many feeds are far behind', async () => {
    const { ids, subscription, next, most } = following(20, { events: 50, bytes: 1024 * 1024 });
    await subscription.open();
    const seen = new Map(ids.map((id): [string, number[]] => [id, []]));
    for (let count = 0; count < 20_000;) {
      const events = await next();
      for (const { event } of events) seen.get(event.feedId)?.push(event.seq);
      count += events.length;
    }

    // A page, one event of each other feed for a first look, and the page that is read while those are taken.
    expect(most.waiting).toBeLessThanOrEqual(50 + 19 + 50);
    for (const numbers of seen.values()) expect(numbers).toEqual(Array.from({ length: 1_000 }, (_, n) => n + 1));
    subscription.close();
  });

  it('ends by what its reader throws, and goes no further', async () => {
    const { ids, subscription } = following(1, { events: 1_000, bytes: 1024 * 1024 });
    await subscription.open();
    while ((await subscription.next()).length > 0 && subscription.cursorOf(ids[0] ?? '') < 1_000);
    const error = new Error('no');
    const told: Error[] = [];
    subscription.onEnd((reason) => told.push(reason));
    subscription.whenReady(() => {
      throw error;
    });

    subscription.offer([anEvent(ids[0] ?? '', 1_001)]);
    expect(told).toEqual([error]);
    await expect(subscription.next()).rejects.toBe(error);
  });
});
