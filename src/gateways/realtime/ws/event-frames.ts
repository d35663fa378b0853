import * as ws from 'ws';
import type { WireEvent } from '../../../shared/events/index.js';
import type { Encoding, EventsNotice } from './encodings.js';

/** Of the library, which exports it and has no types for it. */
const { Sender } = ws as unknown as {
  Sender: { frame(data: Buffer, options: Record<string, unknown>): Buffer[] };
};

export interface EventFrame {
  /** What goes over the wire, head included. */
  bytes: Buffer;
  payload: Buffer;
}

interface Kept extends EventsNotice, EventFrame {
  encoding: Encoding;
}

/**
 * Connections that follow a feed get its events in the same turn of the event loop, and most of them the same ones under
 * the same id. So few frames are kept: of 64, none is larger than what is taken at once.
 */
const KEPT = 64;
const kept: Kept[] = [];
let oldest = 0;

/** The frame of a notification, made once for all connections that get the same bytes. */
export function eventFrame(encoding: Encoding, notice: EventsNotice): EventFrame {
  // The newest is asked for most.
  for (let back = 1; back <= KEPT; back++) {
    const one = kept[(oldest + KEPT - back) % KEPT];
    if (one?.encoding === encoding && isSame(one, notice)) return one;
  }
  const payload = encoding.events(notice);
  const opcode = encoding.binary ? 2 : 1;
  const bytes = Buffer.concat(Sender.frame(payload, { fin: true, rsv1: false, opcode, mask: false, readOnly: true }));
  const frame = { ...notice, encoding, bytes, payload };
  kept[oldest] = frame;
  oldest = (oldest + 1) % KEPT;
  return frame;
}

function isSame(one: EventsNotice, other: EventsNotice): boolean {
  return (
    one.next === other.next &&
    one.subscription === other.subscription &&
    one.feed === other.feed &&
    isSameList(one.events, other.events)
  );
}

/** Events of a feed are one object for all who follow it live. */
function isSameList(one: readonly WireEvent[], other: readonly WireEvent[]): boolean {
  return one.length === other.length && one.every((event, index) => event === other[index]);
}
