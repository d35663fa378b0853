import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../database/index.js';
import { type JsonObject, NotFound } from '../errors/index.js';
import type { LoggedEvent, NewEvent } from './event.js';
import type { EventFilter } from './event-filter.js';

/** An event on its way to the log. */
export interface TracedEvent extends NewEvent {
  trace: string | null;
}

/** A part of a feed, with the feed's bounds at the same moment. */
export interface FeedSlice {
  events: LoggedEvent[];
  /** Highest number that is no longer kept; 0 when all are. */
  floor: number;
  /** Highest number of the feed. */
  last: number;
}

export interface SliceQuery {
  /** Default: from the oldest event kept. */
  after?: number | undefined;
  /** Looks through this many events at most. */
  window?: number | undefined;
  filter: EventFilter;
  limit: number;
  /** A time that no event after `after` can be older than: spares the look into older partitions. */
  since?: Date | undefined;
}

export interface FeedPlace {
  tenantId: string;
  feedId: string;
  seq: number;
}

/** Last numbers are looked for among events of the last day; who waits for a feed has read it up to then before. */
const RECENT = `now() - interval '1 day'`;

/** The log's columns, in the order in which `append_events` takes them. */
const columnsOf = (events: readonly TracedEvent[]): unknown[] => [
  events.map((event) => event.feedId),
  events.map((event) => event.type),
  events.map((event) => event.subjectType),
  events.map((event) => event.subjectId),
  events.map((event) => event.actorId ?? null),
  events.map((event) => (event.data ? JSON.stringify(event.data) : null)),
  events.map((event) => event.trace),
];

@Injectable()
export class EventsRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** Into the log; above READ COMMITTED into the outbox, to be moved after the commit. */
  @Operation()
  async append(tenantId: string, events: readonly TracedEvent[]): Promise<void> {
    await this.query(
      'SELECT append_events($1, $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::jsonb[], $8::text[])',
      [tenantId, ...columnsOf(events)],
    );
  }

  /** Moves what a committed transaction left into the log; answers the feeds, none where another node was faster. */
  @Operation()
  async move(tenantId: string, transactionId: string): Promise<string[]> {
    const rows = await this.query<{ feeds: string[] }>('SELECT move_outbox_events($1, $2) AS feeds', [
      tenantId,
      transactionId,
    ]);
    return rows[0]?.feeds ?? [];
  }

  /** Transactions whose events wait in the outbox, in the order in which they began; of one tenant, or of all. */
  @Operation()
  left(limit: number, tenantId?: string): Promise<{ tenantId: string; transactionId: string }[]> {
    return this.query(
      `SELECT tenant_id AS "tenantId", transaction_id AS "transactionId" FROM event_outbox
         WHERE tenant_id = $2 OR $2 IS NULL
         GROUP BY tenant_id, transaction_id ORDER BY min(created_at), transaction_id LIMIT $1`,
      [limit, tenantId ?? null],
    );
  }

  /** @throws NotFound when the tenant has no such feed */
  @Operation()
  async slice(tenantId: string, feedId: string, query: SliceQuery): Promise<FeedSlice> {
    const rows = await this.query<SliceRow>(SLICE, [
      tenantId,
      feedId,
      query.after ?? null,
      query.window ?? null,
      query.filter.types,
      query.limit,
      query.since ?? '-infinity',
      query.filter.prefixes,
      query.filter.subjects,
    ]);
    const [first] = rows;
    if (!first) throw new NotFound('feed', feedId);
    const events = rows.filter(hasEvent).map((row) => toEvent(tenantId, feedId, row));
    return { events, floor: Number(first.floor_seq), last: Number(first.last_seq) };
  }

  /**
   * The number of the first event at `time` or later, one more than the last when there is none. Number and time rise
   * together and numbers have no gaps, so it is found by halves: one look into the primary key for each.
   */
  @Operation()
  async firstSince(tenantId: string, feedId: string, time: Date): Promise<number> {
    const rows = await this.query<{ seq: string }>(
      `WITH RECURSIVE halves AS (
         SELECT f.floor_seq + 1 AS low, coalesce((SELECT seq FROM events
             WHERE tenant_id = $1 AND feed_id = $2 ORDER BY seq DESC LIMIT 1), f.floor_seq) + 1 AS high
           FROM feeds f WHERE f.tenant_id = $1 AND f.id = $2
         UNION ALL
         SELECT CASE WHEN e.time < $3 THEN m.middle + 1 ELSE h.low END, CASE WHEN e.time < $3 THEN h.high ELSE m.middle END
           FROM halves h CROSS JOIN LATERAL (SELECT (h.low + h.high) / 2 AS middle) m CROSS JOIN LATERAL (
             SELECT time FROM events WHERE tenant_id = $1 AND feed_id = $2 AND seq = m.middle LIMIT 1) e
           WHERE h.low < h.high)
       SELECT low AS seq FROM halves WHERE low >= high`,
      [tenantId, feedId, time],
    );
    const [row] = rows;
    if (!row) throw new NotFound('feed', feedId);
    return Number(row.seq);
  }

  /** Events of one subject among those with numbers from `first` to before `end`. */
  @Operation()
  async ofSubject(
    tenantId: string,
    feedId: string,
    subjectId: string,
    range: { first: number; end: number; limit: number },
  ): Promise<LoggedEvent[]> {
    const rows = await this.query<EventRow>(
      `SELECT seq, type, subject_type, subject_id, actor_id, time, data, trace FROM events
       WHERE tenant_id = $1 AND feed_id = $2 AND seq >= $3 AND seq < $4 AND subject_id = $5 ORDER BY seq LIMIT $6`,
      [tenantId, feedId, range.first, range.end, subjectId, range.limit],
    );
    return rows.map((row) => toEvent(tenantId, feedId, row));
  }

  /** Those of the places that their feeds have gone past, with the feeds' last numbers. */
  @Operation()
  async passed(places: readonly FeedPlace[]): Promise<FeedPlace[]> {
    const rows = await this.query<PlaceRow>(
      `SELECT p.tenant_id, p.feed_id, e.seq
         FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) p(tenant_id, feed_id, seq)
           CROSS JOIN LATERAL (
             SELECT seq FROM events e
               WHERE e.tenant_id = p.tenant_id AND e.feed_id = p.feed_id AND e.seq > p.seq AND e.time > ${RECENT}
               ORDER BY e.seq DESC LIMIT 1
           ) e`,
      [places.map((place) => place.tenantId), places.map((place) => place.feedId), places.map((place) => place.seq)],
    );
    return rows.map(toPlace);
  }

  /**
   * The next feeds of all tenants in id order with their last numbers; 0 where there is none, or none of the last day
   * when only `recent` ones are looked for.
   */
  @Operation()
  async ends(after: FeedPlace | undefined, limit: number, recent: boolean): Promise<FeedPlace[]> {
    const rows = await this.query<PlaceRow>(
      `SELECT f.tenant_id, f.id AS feed_id, coalesce(e.seq, 0) AS seq
         FROM (
           SELECT tenant_id, id FROM feeds WHERE (tenant_id, id) > ($1::uuid, $2::uuid) ORDER BY tenant_id, id LIMIT $3
         ) f
           LEFT JOIN LATERAL (
             SELECT seq FROM events e
               WHERE e.tenant_id = f.tenant_id AND e.feed_id = f.id ${recent ? `AND e.time > ${RECENT}` : ''}
               ORDER BY e.seq DESC LIMIT 1
           ) e ON true
         ORDER BY f.tenant_id, f.id`,
      [after?.tenantId ?? NIL, after?.feedId ?? NIL, limit],
    );
    return rows.map(toPlace);
  }

  @Operation()
  async ensurePartitions(monthsAhead: number): Promise<string[]> {
    const rows = await this.query<{ name: string }>('SELECT ensure_event_partitions($1) AS name', [monthsAhead]);
    return rows.map(({ name }) => name);
  }

  /** Drops the oldest partition when all of it is older than `days`; undefined when there is none. */
  @Operation()
  async dropPartition(days: number): Promise<string | undefined> {
    const rows = await this.query<{ name: string | null }>(
      'SELECT drop_event_partition(now() - make_interval(days => $1)) AS name',
      [days],
    );
    return rows[0]?.name ?? undefined;
  }
}

const NIL = '00000000-0000-0000-0000-000000000000';

/** One statement, so that the events and the feed's bounds are of one moment. */
const SLICE = `
  SELECT f.floor_seq, greatest(l.seq, f.floor_seq) AS last_seq, e.*
    FROM feeds f
      LEFT JOIN LATERAL (
        SELECT seq FROM events WHERE tenant_id = $1 AND feed_id = $2 AND time >= $7 ORDER BY seq DESC LIMIT 1
      ) l ON true
      LEFT JOIN LATERAL (
        SELECT seq, type, subject_type, subject_id, actor_id, time, data, trace FROM events
          WHERE tenant_id = $1 AND feed_id = $2 AND time >= $7
            AND seq > coalesce($3::bigint, f.floor_seq)
            AND ($4::bigint IS NULL OR seq <= coalesce($3::bigint, f.floor_seq) + $4)
            AND ($5::text[] IS NULL OR type = ANY($5)
              OR EXISTS (SELECT FROM unnest($8::text[]) prefix WHERE starts_with(type, prefix)))
            AND ($9::uuid[] IS NULL OR subject_id = ANY($9))
          ORDER BY seq LIMIT $6
      ) e ON true
    WHERE f.tenant_id = $1 AND f.id = $2
    ORDER BY e.seq`;

interface PlaceRow {
  tenant_id: string;
  feed_id: string;
  seq: string;
}

interface EventRow {
  seq: string;
  type: string;
  subject_type: string;
  subject_id: string;
  actor_id: string | null;
  time: Date;
  data: JsonObject | null;
  trace: string | null;
}

type SliceRow = { floor_seq: string; last_seq: string } & (EventRow | { seq: null });

const hasEvent = (row: SliceRow): row is SliceRow & EventRow => row.seq !== null;

const toPlace = (row: PlaceRow): FeedPlace => ({ tenantId: row.tenant_id, feedId: row.feed_id, seq: Number(row.seq) });

const toEvent = (tenantId: string, feedId: string, row: EventRow): LoggedEvent => ({
  tenantId,
  feedId,
  seq: Number(row.seq),
  type: row.type,
  subjectType: row.subject_type,
  subjectId: row.subject_id,
  actorId: row.actor_id,
  time: row.time,
  data: row.data,
  trace: row.trace,
});
