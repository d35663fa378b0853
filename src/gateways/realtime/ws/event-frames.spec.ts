import * as ws from 'ws';
import { WireEvent } from '../../../shared/events/wire-event.js';
import { JSON_TEXT, MESSAGEPACK } from './encodings.js';
import { eventFrame } from './event-frames.js';

/** Of the library, which exports it and has no types for it. */
const { Receiver } = ws as unknown as { Receiver: new (options: object) => NodeJS.WritableStream };

const anEvent = (seq: number, text = ''): WireEvent =>
  new WireEvent({
    feedId: 'f',
    seq,
    type: 'note.written',
    time: new Date(0),
    data: { text },
  } as unknown as WireEvent['event']);

const notice = (events: WireEvent[], more: object = {}) => ({ subscription: '1', feed: 'f', events, next: 9, ...more });

describe('frames of events', () => {
  it('are made once for all who get the same', () => {
    const events = [anEvent(1), anEvent(2)];
    const frame = eventFrame(JSON_TEXT, notice(events));
    expect(eventFrame(JSON_TEXT, notice([...events]))).toBe(frame);
    for (const other of [
      eventFrame(MESSAGEPACK, notice(events)),
      eventFrame(JSON_TEXT, notice(events.slice(1))),
      eventFrame(JSON_TEXT, notice([anEvent(1), anEvent(2)])),
      eventFrame(JSON_TEXT, notice(events, { subscription: '2' })),
      eventFrame(JSON_TEXT, notice(events, { next: 10 })),
      eventFrame(JSON_TEXT, notice(events, { feed: 'g' })),
    ]) {
      expect(other).not.toBe(frame);
    }
  });

  it('are kept for a while only', () => {
    const events = [anEvent(1)];
    const frame = eventFrame(JSON_TEXT, notice(events));
    for (let next = 100; next < 200; next++) eventFrame(JSON_TEXT, notice(events, { next }));
    expect(eventFrame(JSON_TEXT, notice(events))).not.toBe(frame);
  });

  it.each([
    ['short', ''],
    ['of 16 bits', 'a'.repeat(1_000)],
    ['of 64 bits', 'a'.repeat(70_000)],
  ])('are frames of the protocol, with a length that is %s', async (_, text) => {
    for (const encoding of [JSON_TEXT, MESSAGEPACK]) {
      const { bytes, payload } = eventFrame(encoding, notice([anEvent(1, text)]));
      const received = await new Promise((resolve) => {
        const receiver = new Receiver({ isServer: false });
        receiver.on('message', (data: Buffer, binary: boolean) => resolve({ data, binary }));
        receiver.write(bytes);
      });
      expect(received).toEqual({ data: payload, binary: encoding.binary });
    }
  });
});
