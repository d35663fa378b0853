import type { JsonObject } from '../errors/index.js';

/** What happened, as its author says it. Number, time and trace are given by the log. */
export interface NewEvent {
  /** A workspace's id, or the tenant's own for what concerns the tenant as a whole. */
  feedId: string;
  /** `task.created`: subject, dot, past participle. */
  type: string;
  subjectType: string;
  subjectId: string;
  /** Who did it; absent where it was nobody, such as a timeout. */
  actorId?: string | null;
  data?: JsonObject | null;
}

/** One event of the log. Whoever has read `seq` of a feed has seen everything of the feed up to it. */
export interface LoggedEvent {
  readonly tenantId: string;
  readonly feedId: string;
  /** 1, 2, 3 … in each feed, without gaps. */
  readonly seq: number;
  readonly type: string;
  readonly subjectType: string;
  readonly subjectId: string;
  readonly actorId: string | null;
  /** By the database's clock; it never runs against `seq`. */
  readonly time: Date;
  readonly data: JsonObject | null;
  /** W3C `traceparent` of the change. */
  readonly trace: string | null;
}

/** An event as JSON gives it back, such as from a parked one. */
export function reviveEvent(stored: Omit<LoggedEvent, 'time'> & { time: string }): LoggedEvent {
  return { ...stored, time: new Date(stored.time) };
}
