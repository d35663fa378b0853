import { randomUUID } from 'node:crypto';
import { toCloudEvent } from './cloud-event.dto.js';
import type { LoggedEvent } from './event.js';
import { WireEvent } from './wire-event.js';

const anEvent = (more: Partial<LoggedEvent> = {}): LoggedEvent => ({
  tenantId: randomUUID(),
  feedId: randomUUID(),
  seq: 17,
  type: 'note.written',
  subjectType: 'note',
  subjectId: randomUUID(),
  actorId: 'ada',
  time: new Date('2026-01-02T03:04:05.600Z'),
  data: { title: 'Line\nbreak, "quotes" and 🦦', nested: { list: [1, 2.5, null, true] } },
  trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  ...more,
});

const tenantId = randomUUID();

describe('WireEvent', () => {
  it.each([
    ['an event', {}],
    ['one without data, actor and trace', { data: null, actorId: null, trace: null }],
    ['one whose actor must be quoted', { actorId: 'a"\\\u0007\n\u2028' }],
    ['one of the tenant', { tenantId, feedId: tenantId }],
  ])('makes of %s what is stored as text the same as what is parsed', (_, more) => {
    const event = anEvent(more);
    const { data, ...head } = event;
    const stored = WireEvent.of(head, data && JSON.stringify(data, null, 1));

    expect(JSON.parse(stored.json)).toEqual(JSON.parse(new WireEvent(event).json));
    expect(JSON.parse(stored.json)).toEqual(JSON.parse(JSON.stringify(toCloudEvent(event))));
    expect(stored.bytes).toBe(Buffer.byteLength(stored.json));
    expect(toCloudEvent(stored.event)).toEqual(toCloudEvent(event));
  });
});
