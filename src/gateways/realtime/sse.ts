import type { JsonObject } from '../../shared/errors/index.js';
import type { WireEvent } from '../../shared/events/index.js';

/** The media type and the text of server-sent events: WHATWG HTML §9.2. */
export const EVENT_STREAM = 'text/event-stream; charset=utf-8';

const frames = new WeakMap<WireEvent, Buffer>();

/** An event's frame, made once for all streams that it goes to. Its id is the number in the feed. */
export function frameOf(event: WireEvent): Buffer {
  const known = frames.get(event);
  if (known) return known;
  const { seq, type } = event.event;
  const frame = Buffer.from(`id: ${seq}\nevent: ${type}\ndata: ${event.json}\n\n`);
  frames.set(event, frame);
  return frame;
}

/** What the stream says of itself. Types of events have a dot, so a `name` without one cannot be taken for theirs. */
export const noticeFrame = (name: 'resync' | 'end', id: number, data: JsonObject): string =>
  `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** Milliseconds after which a client that lost its stream comes back. */
export const retryFrame = (ms: number): string => `retry: ${Math.round(ms)}\n\n`;

/** A comment, and the cursor: an id without data moves a client's `Last-Event-ID` and gives it no event. */
export const heartbeatFrame = (cursor: number): string => `: heartbeat\nid: ${cursor}\n\n`;
