import { Injectable } from '@nestjs/common';
import { AggregateRepository, type HotStatement, Operation, Persistence } from '../database/index.js';
import { type EventValues, page, wireEvent } from './event-rows.js';
import type { WireEvent } from './wire-event.js';

export interface FeedPlace {
  tenantId: string;
  feedId: string;
  seq: number;
}

/** How far a feed has been read, and a time that no later event of it is older than. */
export interface ReadPlace extends Readonly<FeedPlace> {
  readonly since: Date | undefined;
}

export interface News {
  events: WireEvent[];
  /** False where there is nothing after the place and the event at the place is gone too: the log must be asked why. */
  whole: boolean;
}

/**
 * Last numbers are looked for among events of the last day; who waits for a feed has read it up to then before. Without
 * an end to the day the partitions that are made ahead, and the default one, would be looked into as well: 3.3 ms for
 * 1,000 feeds at rest instead of 2.0.
 */
const RECENT = `now() - interval '1 day'`;
const NEAR = `now() + interval '1 day'`;

/** Looks into many feeds at once, of all tenants. */
@Injectable()
export class FeedsRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** What came after each of the places, up to `limit` events of one. */
  @Operation()
  async news(places: readonly ReadPlace[], limit: number): Promise<News[]> {
    const rows = await this.hot(NEWS, [
      places.map((place) => place.tenantId),
      places.map((place) => place.feedId),
      places.map((place) => place.seq),
      places.map((place) => place.since ?? '-infinity'),
      limit,
    ]);
    const news = places.map((): News => ({ events: [], whole: true }));
    for (const [position, whole, ...event] of rows) {
      const index = Number(position) - 1;
      const [place, one] = [places[index], news[index]];
      if (!place || !one) continue;
      one.whole = whole === true;
      if (event[0] !== null) one.events.push(wireEvent(place.tenantId, place.feedId, event as EventValues));
    }
    return news;
  }

  /** Those of the places that their feeds have gone past, with the feeds' last numbers. */
  @Operation()
  async passed(places: readonly Readonly<FeedPlace>[]): Promise<FeedPlace[]> {
    const rows = await this.query<PlaceRow>(
      `SELECT p.tenant_id, p.feed_id, e.seq
         FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) p(tenant_id, feed_id, seq)
           CROSS JOIN LATERAL (
             SELECT seq FROM events e
               WHERE e.tenant_id = p.tenant_id AND e.feed_id = p.feed_id AND e.seq > p.seq
                 AND e.time > ${RECENT} AND e.time < ${NEAR}
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
}

const NIL = '00000000-0000-0000-0000-000000000000';

/**
 * Each look goes into as few partitions as can be: no event after a place is older than it, and none is younger than a
 * day from now, or from the place where the clock was set back. The arrays are hidden from the planner, which would
 * make a plan for their lengths with each call.
 */
const NEWS: HotStatement = {
  name: 'feeds.news',
  text: `
    SELECT n.position, e.seq IS NOT NULL OR n.seq = 0 OR EXISTS (
          SELECT FROM events WHERE tenant_id = n.tenant_id AND feed_id = n.feed_id AND seq = n.seq AND time >= n.since
        ), e.*
      FROM unnest((SELECT $1::uuid[]), (SELECT $2::uuid[]), (SELECT $3::bigint[]), (SELECT $4::timestamptz[]))
          WITH ORDINALITY n(tenant_id, feed_id, seq, since, position)
        LEFT JOIN LATERAL (${page(
          `tenant_id = n.tenant_id AND feed_id = n.feed_id AND seq > n.seq
             AND time >= n.since AND time < greatest(n.since, now()) + interval '1 day'`,
          '$5',
        )}) e ON true
      ORDER BY n.position, e.seq`,
};

interface PlaceRow {
  tenant_id: string;
  feed_id: string;
  seq: string;
}

const toPlace = (row: PlaceRow): FeedPlace => ({ tenantId: row.tenant_id, feedId: row.feed_id, seq: Number(row.seq) });
