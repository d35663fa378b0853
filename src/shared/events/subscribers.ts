import { Injectable } from '@nestjs/common';
import { type Caller, grants } from '../auth/index.js';
import { Transactions } from '../database/index.js';
import { InvalidInput, NotFound } from '../errors/index.js';
import { EventLog } from './event-log.js';
import { AckAhead, NotSubscriberOwner, TooManySubscribers } from './events.errors.js';
import { HeldSubscribers } from './held-subscribers.js';
import { LiveFeeds, type SubscribeOptions } from './live-feeds.js';
import { MAX_SUBSCRIBERS, type Subscriber, SubscribersRepository } from './subscribers.repository.js';
import type { FeedCursor, Subscription } from './subscription.js';

/** What a subscriber may be called. */
export const SUBSCRIBER_NAME = /^\w[\w.:-]{0,99}$/;
export const SUBSCRIBER_NAME_RULE = '1 to 100 letters, digits and ._:-, and begin with none of .:-';
/** Feeds of one subscriber. */
export const MAX_SUBSCRIBER_FEEDS = 64;

export interface OpenSubscriber extends SubscribeOptions {
  /**
   * What it follows from now on; unless given, what it followed before. `after` is where a feed begins that is new to
   * it, from the oldest event kept unless given; one that it knows goes on at its acknowledged cursor.
   */
  feeds?: readonly FeedCursor[] | undefined;
}

export interface OpenedSubscriber {
  subscription: Subscription;
  /** Of this opening; acknowledgements that carry it are refused when a newer one holds the name. */
  epoch: number;
}

export interface Acknowledgement {
  feedId: string;
  /** The number up to which the events were dealt with. */
  seq: number;
}

/**
 * Named subscribers: their cursors are kept here and move when events are acknowledged, so that whoever opens one again,
 * on whatever node, goes on after the last event that was dealt with. Events come at least once. The filter and the feeds
 * are those of the newest opening.
 */
@Injectable()
export class Subscribers {
  constructor(
    private readonly repository: SubscribersRepository,
    private readonly held: HeldSubscribers,
    private readonly log: EventLog,
    private readonly live: LiveFeeds,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Opens a subscriber, and makes it where feeds are given and there is none. An older opening ends with
   * `subscriber_taken_over`.
   *
   * @throws NotFound for a name that is not there, when no feeds are given, and for feeds the tenant does not have
   * @throws NotSubscriberOwner, TooManySubscribers, InvalidInput, SubscriberTakenOver
   * @throws CursorExpired, CursorAhead as `LiveFeeds.subscribe` does
   */
  async open(caller: Caller, name: string, { feeds, buffer, ...filter }: OpenSubscriber): Promise<OpenedSubscriber> {
    if (!SUBSCRIBER_NAME.test(name)) {
      throw InvalidInput.of('name', 'isSubscriberName', `name must be ${SUBSCRIBER_NAME_RULE}`);
    }
    const known = await this.repository.find(caller.tenantId, name);
    if (known) assertOwner(caller, known);
    else if (!feeds) throw new NotFound('subscriber', name);
    const opened = await this.repository.open(caller.tenantId, {
      name,
      actorId: caller.actorId,
      isAdmin: isAdmin(caller),
      feeds: feeds && (await this.starts(caller.tenantId, feeds, known)),
      types: filter.types,
      subjects: filter.subjects,
    });
    if (!opened) throw await this.whyRefused(caller, name, feeds !== undefined);
    return this.follow(caller.tenantId, opened, buffer);
  }

  /**
   * Says that events were dealt with; answers up to where each feed is acknowledged then. All of them count, or none. A
   * number that is not above the cursor changes nothing, so that an acknowledgement can be repeated and overtaken.
   *
   * @param epoch of the opening that the events came by, if known
   * @throws AckAhead for what is beyond the feed's end, or was not sent by that opening, if it is of this node
   * @throws SubscriberTakenOver when it is not the newest opening
   * @throws NotFound, NotSubscriberOwner
   */
  async ack(
    caller: Caller,
    name: string,
    acks: readonly Acknowledgement[],
    epoch?: number,
  ): Promise<Acknowledgement[]> {
    const actorId = isAdmin(caller) ? null : caller.actorId;
    const one = async ({ feedId, seq }: Acknowledgement): Promise<Acknowledgement> => {
      this.assertSent(caller.tenantId, name, { feedId, seq }, epoch);
      const ack = { name, feedId: feedId.toLowerCase(), seq, epoch: epoch ?? null, actorId };
      return { feedId, seq: await this.repository.ack(caller.tenantId, ack) };
    };
    const [only] = acks;
    if (only && acks.length === 1) return [await one(only)];
    return this.transactions.run({}, async () => {
      const all: Acknowledgement[] = [];
      for (const ack of acks) all.push(await one(ack));
      return all;
    });
  }

  /** In order of name; an admin sees those of all owners. */
  list(caller: Caller, { after = '', limit }: { after?: string; limit: number }): Promise<Subscriber[]> {
    return this.repository.list(caller.tenantId, isAdmin(caller) ? undefined : caller.actorId, after, limit);
  }

  /** @throws NotFound, NotSubscriberOwner */
  async get(caller: Caller, name: string): Promise<Subscriber> {
    const subscriber = await this.repository.find(caller.tenantId, name);
    if (!subscriber) throw new NotFound('subscriber', name);
    assertOwner(caller, subscriber);
    return subscriber;
  }

  /** Forgets the subscriber and its cursors; an opening of it ends. @throws NotFound, NotSubscriberOwner */
  async delete(caller: Caller, name: string): Promise<void> {
    const { epoch } = await this.get(caller, name);
    if (!(await this.repository.delete(caller.tenantId, name))) throw new NotFound('subscriber', name);
    this.held.deleted(caller.tenantId, name, epoch);
  }

  /** Where the feeds begin that are new; what is wrong with one is told before anything is stored. */
  private async starts(tenantId: string, feeds: readonly FeedCursor[], known?: Subscriber) {
    if (feeds.length === 0 || feeds.length > MAX_SUBSCRIBER_FEEDS) {
      throw InvalidInput.of('feeds', 'arraySize', `feeds must name 1 to ${MAX_SUBSCRIBER_FEEDS} feeds`);
    }
    const starts: Acknowledgement[] = [];
    for (const { after, ...feed } of feeds) {
      const feedId = feed.feedId.toLowerCase();
      if (starts.some((start) => start.feedId === feedId)) {
        throw InvalidInput.of('feeds', 'isUnique', 'feeds must not name one twice');
      }
      const before = known?.feeds.find((one) => one.feedId === feedId);
      starts.push({ feedId, seq: before?.seq ?? (await this.start(tenantId, feedId, after)) });
    }
    return starts;
  }

  private async start(tenantId: string, feedId: string, after?: number): Promise<number> {
    const { events, next } = await this.log.read(tenantId, feedId, { after, limit: 1 });
    return after ?? (events[0] ? events[0].seq - 1 : next);
  }

  private async whyRefused(caller: Caller, name: string, isNew: boolean): Promise<Error> {
    if (await this.repository.find(caller.tenantId, name)) return new NotSubscriberOwner(name);
    return isNew ? new TooManySubscribers(MAX_SUBSCRIBERS) : new NotFound('subscriber', name);
  }

  private async follow(
    tenantId: string,
    { name, epoch, feeds, types, subjects }: Subscriber,
    buffer: SubscribeOptions['buffer'],
  ): Promise<OpenedSubscriber> {
    const holding = this.held.take(tenantId, name, epoch);
    const cursors = feeds.map(({ feedId, seq }) => ({ feedId, after: seq }));
    const onLeft = (): void => this.held.leave(holding);
    try {
      const subscription = await this.live.subscribe(tenantId, cursors, { types, subjects, buffer, onLeft });
      holding.subscription = subscription;
      if (!holding.lost) return { subscription, epoch };
      subscription.close();
      throw holding.lost;
    } catch (error) {
      this.held.leave(holding);
      throw error;
    }
  }

  private assertSent(tenantId: string, name: string, { feedId, seq }: Acknowledgement, epoch?: number): void {
    const holding = this.held.of(tenantId, name);
    if (holding?.epoch !== epoch || !holding?.subscription?.follows(feedId)) return;
    if (seq > holding.subscription.cursorOf(feedId)) throw new AckAhead(feedId, seq);
  }
}

const isAdmin = (caller: Caller): boolean => grants(caller.scopes, 'admin');

function assertOwner(caller: Caller, { name, owner }: Subscriber): void {
  if (owner !== caller.actorId && !isAdmin(caller)) throw new NotSubscriberOwner(name);
}
