import type { JsonObject } from '../errors/index.js';
import type { LoggedEvent } from './event.js';
import { WireEvent } from './wire-event.js';

/**
 * A page ends with the event whose data makes it so large, as stored, which may be a tenth of its text: a thousand
 * events of a megabyte each must not come at once.
 */
export const PAGE_BYTES = 1024 * 1024;

/** Data comes as text: who sends an event on does not need it parsed. */
export const COLUMNS = 'seq, type, subject_type, subject_id, actor_id, time, data::text, trace';

/** COLUMNS, and what may follow. */
export type EventValues = [
  seq: string,
  type: string,
  subjectType: string,
  subjectId: string,
  actorId: string | null,
  time: Date,
  data: string | null,
  trace: string | null,
  ...rest: unknown[],
];

/** SQL for the next events of a feed: COLUMNS, and how large the page is with each. */
export const page = (where: string, limit: string): string => `
  SELECT ${COLUMNS}, size FROM (
    SELECT *, coalesce(pg_column_size(data), 0) AS own,
        sum(pg_column_size(data)) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS size
      FROM events WHERE ${where} ORDER BY seq LIMIT ${limit}
  ) sized WHERE coalesce(size - own, 0) < ${PAGE_BYTES}`;

export function loggedEvent(tenantId: string, feedId: string, values: EventValues): LoggedEvent {
  const [seq, type, subjectType, subjectId, actorId, time, text, trace] = values;
  const data = text === null ? null : (JSON.parse(text) as JsonObject);
  return { tenantId, feedId, seq: Number(seq), type, subjectType, subjectId, actorId, time, data, trace };
}

export function wireEvent(tenantId: string, feedId: string, values: EventValues): WireEvent {
  const [seq, type, subjectType, subjectId, actorId, time, data, trace] = values;
  return WireEvent.of({ tenantId, feedId, seq: Number(seq), type, subjectType, subjectId, actorId, time, trace }, data);
}
