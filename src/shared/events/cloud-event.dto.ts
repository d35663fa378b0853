import { ApiProperty } from '@nestjs/swagger';
import type { JsonObject } from '../errors/index.js';
import type { LoggedEvent } from './event.js';

/** CloudEvents 1.0 in its JSON format, with the extensions sequence, feed, actor and traceparent. */
export class CloudEvent {
  specversion: '1.0';
  /** `<feed>:<sequence>`; the same event has the same id whenever and wherever it is read. */
  id: string;
  type: string;
  source: string;
  /** Kind and id of what it happened to: `task/0199…`. */
  subject: string;
  /** RFC 3339 in UTC. */
  time: string;
  /** 1, 2, 3 … in each feed, without gaps. */
  @ApiProperty({ type: 'integer', minimum: 1 })
  sequence: number;
  feed: string;
  datacontenttype: 'application/json';
  data: JsonObject | null;
  /** Who did it: an agent's id, a key's id or an OIDC subject. */
  actor?: string;
  /** W3C trace context of the change. */
  traceparent?: string;
}

export function toCloudEvent(event: LoggedEvent): CloudEvent {
  const ofTenant = event.feedId === event.tenantId;
  return {
    specversion: '1.0',
    id: `${event.feedId}:${event.seq}`,
    type: event.type,
    source: `/v1/${ofTenant ? 'tenants' : 'workspaces'}/${event.feedId}`,
    subject: `${event.subjectType}/${event.subjectId}`,
    time: event.time.toISOString(),
    sequence: event.seq,
    feed: event.feedId,
    datacontenttype: 'application/json',
    data: event.data,
    ...(event.actorId === null ? {} : { actor: event.actorId }),
    ...(event.trace === null ? {} : { traceparent: event.trace }),
  };
}

/**
 * The same as text, of an event whose data is text already: as PostgreSQL writes it, with a space after each colon.
 * 1.4 µs, where parsing the data and writing it again took 6.
 */
export function cloudEventText(event: Omit<LoggedEvent, 'data'>, data: string): string {
  const { tenantId, feedId, seq, actorId, trace } = event;
  const place = `${feedId === tenantId ? 'tenants' : 'workspaces'}/${feedId}`;
  return (
    `{"specversion":"1.0","id":"${feedId}:${seq}","type":${quoted(event.type)},"source":"/v1/${place}"` +
    `,"subject":${quoted(`${event.subjectType}/${event.subjectId}`)},"time":"${event.time.toISOString()}"` +
    `,"sequence":${seq},"feed":"${feedId}","datacontenttype":"application/json","data":${data}` +
    (actorId === null ? '' : `,"actor":${quoted(actorId)}`) +
    (trace === null ? '}' : `,"traceparent":${quoted(trace)}}`)
  );
}

const quoted = (text: string): string => JSON.stringify(text);
