import { Injectable } from '@nestjs/common';
import { AggregateRepository, type HotStatement, Operation, Persistence } from '../database/index.js';
import { NotFound } from '../errors/index.js';
import type { LoggedEvent, NewEvent } from './event.js';
import type { EventFilter } from './event-filter.js';
import { COLUMNS, type EventValues, loggedEvent, page, PAGE_BYTES, wireEvent } from './event-rows.js';
import type { WireEvent } from './wire-event.js';

/** An event on its way to the log. */
export interface TracedEvent extends NewEvent {
  trace: string | null;
}

/** A part of a feed, with the feed's bounds at the same moment. */
export interface FeedSlice<E = LoggedEvent> {
  events: E[];
  /** The page is full by the size of its events. */
  cut: boolean;
  /** Highest number that is no longer kept; 0 when all are. */
  floor: number;
  /** Highest number of the feed. */
  last: number;
  /** When that one happened, if it is kept and not before `since`. */
  lastTime: Date | null;
}

/** Events of a feed from one time to before another, and their numbers. */
export interface Period {
  from: Date;
  to: Date;
  first: number;
  end: number;
}

/** What one actor did in a feed. */
export interface ActorTally {
  actorId: string;
  events: number;
  /** How often it went on with a subject that another had changed last; the feed's own subject is none. */
  handOvers: number;
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
  slice(tenantId: string, feedId: string, query: SliceQuery): Promise<FeedSlice> {
    return this.sliceOf(tenantId, feedId, query, (values) => loggedEvent(tenantId, feedId, values));
  }

  /** The same for readers elsewhere, whose data stays text. */
  @Operation()
  wireSlice(tenantId: string, feedId: string, query: SliceQuery): Promise<FeedSlice<WireEvent>> {
    return this.sliceOf(tenantId, feedId, query, (values) => wireEvent(tenantId, feedId, values));
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
    const rows = await this.hot(OF_SUBJECT, [tenantId, feedId, range.first, range.end, subjectId, range.limit]);
    return rows.map((row) => loggedEvent(tenantId, feedId, row as EventValues));
  }

  /**
   * By whom the events of a period are, from number `first` to before `end`: most first, at most 1,000; what nobody did
   * is left out. The times only say in which partitions they lie.
   */
  @Operation()
  async tallies(tenantId: string, feedId: string, { from, to, first, end }: Period): Promise<ActorTally[]> {
    return this.query(
      `SELECT actor_id AS "actorId", count(*)::int AS events, count(*) FILTER (WHERE was <> actor_id)::int AS "handOvers"
       FROM (SELECT actor_id,
           CASE WHEN subject_id <> feed_id THEN lag(actor_id) OVER (PARTITION BY subject_id ORDER BY seq) END AS was
         FROM events
         WHERE tenant_id = $1 AND feed_id = $2 AND seq >= $3 AND seq < $4 AND time >= $5 AND time < $6
           AND actor_id IS NOT NULL) e
       GROUP BY actor_id ORDER BY count(*) DESC, actor_id LIMIT 1000`,
      [tenantId, feedId, first, end, from, to],
    );
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

  private async sliceOf<E>(
    tenantId: string,
    feedId: string,
    query: SliceQuery,
    make: (values: EventValues) => E,
  ): Promise<FeedSlice<E>> {
    const rows = (await this.hot(SLICE, [
      tenantId,
      feedId,
      query.after ?? null,
      query.window ?? null,
      query.filter.types,
      query.limit,
      query.since ?? '-infinity',
      query.filter.prefixes,
      query.filter.subjects,
      query.filter.kinds,
    ])) as SliceValues[];
    const [first] = rows;
    if (!first) throw new NotFound('feed', feedId);
    const [floor, last, lastTime, ...none] = first;
    const events = none[0] === null ? [] : rows.map(([, , , ...event]) => make(event as EventValues));
    const cut = Number(rows.at(-1)?.at(-1)) >= PAGE_BYTES;
    return { events, cut, floor: Number(floor), last: Number(last), lastTime };
  }
}

/** One statement, so that the events and the feed's bounds are of one moment. */
const SLICE: HotStatement = {
  name: 'events.slice',
  text: `
    SELECT f.floor_seq, greatest(l.seq, f.floor_seq), l.time, e.*
      FROM feeds f
        LEFT JOIN LATERAL (
          SELECT seq, time FROM events WHERE tenant_id = $1 AND feed_id = $2 AND time >= $7 ORDER BY seq DESC LIMIT 1
        ) l ON true
        LEFT JOIN LATERAL (${page(
          `tenant_id = $1 AND feed_id = $2 AND time >= $7
             AND seq > coalesce($3::bigint, f.floor_seq)
             AND ($4::bigint IS NULL OR seq <= coalesce($3::bigint, f.floor_seq) + $4)
             AND ($5::text[] IS NULL OR type = ANY($5)
               OR EXISTS (SELECT FROM unnest($8::text[]) prefix WHERE starts_with(type, prefix)))
             AND ($9::text[] IS NULL OR subject_id::text = ANY($9) OR subject_type = ANY($10)
               OR subject_type || '/' || subject_id = ANY($9))`,
          '$6',
        )}) e ON true
      WHERE f.tenant_id = $1 AND f.id = $2
      ORDER BY e.seq`,
};

const OF_SUBJECT: HotStatement = {
  name: 'events.of_subject',
  text: `
    SELECT ${COLUMNS} FROM events
      WHERE tenant_id = $1 AND feed_id = $2 AND seq >= $3 AND seq < $4 AND subject_id = $5 ORDER BY seq LIMIT $6`,
};

type SliceValues = [floor: string, last: string, lastTime: Date | null, ...event: EventValues | null[]];
