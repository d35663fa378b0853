import { Injectable } from '@nestjs/common';
import { AggregateRepository, type HotStatement, Operation, type Outcome, Persistence } from '../database/index.js';
import { NotFound } from '../errors/index.js';
import { AckAhead, NotSubscriberOwner, SubscriberTakenOver } from './events.errors.js';

/** A named subscriber as it is stored. */
export interface Subscriber {
  name: string;
  /** The actor who made it. */
  owner: string;
  feeds: SubscriberFeed[];
  types: string[];
  subjects: string[];
  /** Rises with every opening, also when it was deleted in between; the newest holds it. */
  epoch: number;
  createdAt: Date;
  /** The last opening or acknowledgement; within an hour, while it is held. */
  updatedAt: Date;
}

export interface SubscriberFeed {
  feedId: string;
  /** Up to here the events are acknowledged. */
  seq: number;
  /** Last number of the feed when it was read. */
  last: number;
}

/** What an opening changes; what is undefined stays. */
export interface Opening {
  name: string;
  actorId: string;
  isAdmin: boolean;
  /** The feeds from now on. A number is where one begins that the subscriber has not followed before. */
  feeds: readonly { feedId: string; seq: number }[] | undefined;
  types: readonly string[] | undefined;
  subjects: readonly string[] | undefined;
}

export interface Ack {
  name: string;
  feedId: string;
  seq: number;
  /** Of the opening it comes from; null for one that comes from elsewhere. */
  epoch: number | null;
  /** Who must be the owner; null for an admin. */
  actorId: string | null;
}

export interface HeldSubscriber {
  tenantId: string;
  name: string;
  epoch: number;
}

/** A held subscriber whose row says otherwise, or has not been touched for long. */
export interface HeldState extends HeldSubscriber {
  /** What the row says; null when there is none. */
  current: number | null;
  isStale: boolean;
}

export const MAX_SUBSCRIBERS = 1_000;

@Injectable()
export class SubscribersRepository extends AggregateRepository {
  private readonly acks = this.batched<Ack, number>({
    operation: 'subscribers.ack',
    flush: (tenantId, acks) => this.flushAcks(tenantId, acks),
  });

  constructor(persistence: Persistence) {
    super(persistence);
  }

  @Operation()
  async find(tenantId: string, name: string): Promise<Subscriber | undefined> {
    const rows = await this.query<Row>(`${SELECT} WHERE s.tenant_id = $1 AND s.name = $2`, [tenantId, name]);
    return rows.map(toSubscriber)[0];
  }

  /** In order of name; of one owner, or of all. */
  @Operation()
  async list(tenantId: string, owner: string | undefined, after: string, limit: number): Promise<Subscriber[]> {
    const rows = await this.query<Row>(
      `${SELECT} WHERE s.tenant_id = $1 AND s.name > $2 AND (s.owner = $3 OR $3 IS NULL) ORDER BY s.name LIMIT $4`,
      [tenantId, after, owner ?? null, limit],
    );
    return rows.map(toSubscriber);
  }

  /** Undefined when there is none to open, it is another's, or a new one would be too many. */
  @Operation()
  async open(tenantId: string, { name, actorId, isAdmin, feeds, ...filter }: Opening): Promise<Subscriber | undefined> {
    const { types = null, subjects = null } = filter;
    const who = [tenantId, name, actorId, isAdmin, types, subjects];
    const rows = feeds
      ? await this.query<Row>(OPEN_WITH, [...who, feeds.map((one) => one.feedId), feeds.map((one) => one.seq)])
      : await this.query<Row>(OPEN_AGAIN, who);
    return rows.map(toSubscriber)[0];
  }

  /**
   * Answers up to where the feed is acknowledged then, which may be further.
   * @throws NotFound, NotSubscriberOwner, SubscriberTakenOver, AckAhead
   */
  @Operation()
  async ack(tenantId: string, ack: Ack): Promise<number> {
    return this.acks(tenantId, ack);
  }

  /** False when there is none, or it was used since `unusedDays`. */
  @Operation()
  async delete(tenantId: string, name: string, unusedDays = 0): Promise<boolean> {
    const rows = await this.query(
      `DELETE FROM event_subscribers
         WHERE tenant_id = $1 AND name = $2 AND ($3 = 0 OR updated_at <= now() - make_interval(days => $3))
         RETURNING name`,
      [tenantId, name, unusedDays],
    );
    return rows.length > 0;
  }

  /** Those of all tenants that were not used for so many days. */
  @Operation()
  unused(days: number, limit: number): Promise<{ tenantId: string; name: string }[]> {
    return this.query(
      `SELECT tenant_id AS "tenantId", name FROM event_subscribers
         WHERE updated_at <= now() - make_interval(days => $1) LIMIT $2`,
      [days, limit],
    );
  }

  /** Those that are not as they should be: opened elsewhere, deleted, or not touched for an hour. */
  @Operation()
  async check(held: readonly HeldSubscriber[]): Promise<HeldState[]> {
    const rows = await this.query<{ tenantId: string; name: string; epoch: string; current: string; isStale: boolean }>(
      `SELECT h.tenant_id AS "tenantId", h.name, h.epoch, s.epoch AS current,
           coalesce(s.updated_at < now() - interval '1 hour', false) AS "isStale"
         FROM unnest($1::uuid[], $2::text[], $3::bigint[]) h(tenant_id, name, epoch)
           LEFT JOIN event_subscribers s ON s.tenant_id = h.tenant_id AND s.name = h.name
         WHERE s.epoch IS DISTINCT FROM h.epoch OR s.updated_at < now() - interval '1 hour'`,
      [held.map((one) => one.tenantId), held.map((one) => one.name), held.map((one) => one.epoch)],
    );
    return rows.map((row) => ({
      ...row,
      epoch: Number(row.epoch),
      current: row.current === null ? null : Number(row.current),
    }));
  }

  @Operation()
  async touch(tenantId: string, name: string): Promise<void> {
    await this.query('UPDATE event_subscribers SET updated_at = now() WHERE tenant_id = $1 AND name = $2', [
      tenantId,
      name,
    ]);
  }

  private async flushAcks(tenantId: string, acks: readonly Ack[]): Promise<Outcome<number>[]> {
    const rows = await this.hot(ACK, [
      tenantId,
      acks.map((ack) => ack.name),
      acks.map((ack) => ack.epoch),
      acks.map((ack) => ack.actorId),
      acks.map((ack) => ack.feedId),
      acks.map((ack) => ack.seq),
    ]);
    const answers = new Map(rows.map(([item, outcome, seq]) => [Number(item) - 1, [String(outcome), Number(seq)]]));
    return acks.map((ack, index) => {
      const [outcome, seq] = (answers.get(index) ?? ['unknown', 0]) as [string, number];
      return outcome === 'acknowledged' ? { value: seq } : { error: refusal(outcome, ack) };
    });
  }
}

function refusal(outcome: string, { name, feedId, seq }: Ack): Error {
  if (outcome === 'foreign') return new NotSubscriberOwner(name);
  if (outcome === 'taken_over') return new SubscriberTakenOver(name);
  if (outcome === 'ahead') return new AckAhead(feedId, seq);
  return outcome === 'no_feed' ? new NotFound('feed', feedId) : new NotFound('subscriber', name);
}

const ACK: HotStatement = {
  name: 'subscribers.ack',
  text: `SELECT item, outcome, acknowledged
    FROM ack_event_subscribers($1, $2::text[], $3::bigint[], $4::text[], $5::uuid[], $6::bigint[])`,
};

/** The last numbers are looked up for the lag. */
const COLUMNS = `s.name, s.owner, s.feed_ids::text[] AS feed_ids, s.seqs::text[] AS seqs, s.types, s.subjects, s.epoch,
  s.created_at, s.updated_at, ARRAY(
    SELECT coalesce(
        (SELECT seq FROM events WHERE tenant_id = s.tenant_id AND feed_id = f.id ORDER BY seq DESC LIMIT 1),
        (SELECT floor_seq FROM feeds WHERE tenant_id = s.tenant_id AND id = f.id), 0)::text
      FROM unnest(s.feed_ids) WITH ORDINALITY f(id, position) ORDER BY f.position) AS lasts`;

const SELECT = `SELECT ${COLUMNS} FROM event_subscribers s`;

const OPENED = `epoch = s.epoch + 1, updated_at = now(), types = coalesce($5::text[], s.types),
  subjects = coalesce($6::text[], s.subjects)`;

const OPEN_AGAIN = `
  UPDATE event_subscribers AS s SET ${OPENED}
    WHERE s.tenant_id = $1 AND s.name = $2 AND (s.owner = $3 OR $4) RETURNING ${COLUMNS}`;

/**
 * A feed that was followed before keeps its cursor, which may move until the row is locked. The first epoch is the time:
 * one of a subscriber that was deleted and made again is newer than all before.
 */
const OPEN_WITH = `
  INSERT INTO event_subscribers AS s (tenant_id, name, owner, feed_ids, seqs, types, subjects, epoch)
    SELECT $1::uuid, $2::text, $3::text, $7::uuid[], $8::bigint[], coalesce($5::text[], '{}'),
        coalesce($6::text[], '{}'), (extract(epoch FROM now()) * 1000)::bigint
      WHERE EXISTS (SELECT FROM event_subscribers WHERE tenant_id = $1 AND name = $2)
        OR (SELECT count(*) FROM event_subscribers WHERE tenant_id = $1) < ${MAX_SUBSCRIBERS}
  ON CONFLICT (tenant_id, name) DO UPDATE SET ${OPENED}, feed_ids = excluded.feed_ids,
      seqs = ARRAY(
        SELECT coalesce(s.seqs[array_position(s.feed_ids, f.id)], f.seq)
          FROM unnest(excluded.feed_ids, excluded.seqs) WITH ORDINALITY f(id, seq, position) ORDER BY f.position)
    WHERE s.owner = $3 OR $4
  RETURNING ${COLUMNS}`;

interface Row {
  name: string;
  owner: string;
  feed_ids: string[];
  seqs: string[];
  lasts: string[];
  types: string[];
  subjects: string[];
  epoch: string;
  created_at: Date;
  updated_at: Date;
}

const toSubscriber = (row: Row): Subscriber => ({
  name: row.name,
  owner: row.owner,
  feeds: row.feed_ids.map((feedId, index) => ({
    feedId,
    seq: Number(row.seqs[index]),
    last: Number(row.lasts[index]),
  })),
  types: row.types,
  subjects: row.subjects,
  epoch: Number(row.epoch),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
