import { randomUUID } from 'node:crypto';
import { DEFAULT_BUFFER, EventFilter, type LoggedEvent } from '../../shared/events/index.js';
import { Subscription } from '../../shared/events/subscription.js';
import { WireEvent } from '../../shared/events/wire-event.js';
import { NodeStopping } from '../../shared/http/index.js';
import { EventStream, type EventStreamOptions } from './event-stream.js';

const feedId = randomUUID();

const anEvent = (seq: number, text = ''): WireEvent => {
  const event: LoggedEvent = {
    tenantId: randomUUID(),
    feedId,
    seq,
    type: 'note.written',
    subjectType: 'note',
    subjectId: randomUUID(),
    actorId: null,
    time: new Date(),
    data: { text },
    trace: null,
  };
  return new WireEvent(event);
};

/** A stream of a feed that ends at 0 and whose log is never asked, unless `read` answers for it. */
function aStream(more: Partial<EventStreamOptions> = {}, read?: ConstructorParameters<typeof Subscription>[1]['read']) {
  const subscription = new Subscription([{ feedId, after: 0 }], {
    filter: new EventFilter(),
    limits: DEFAULT_BUFFER,
    read: read ?? (() => Promise.reject(new Error('the log was asked'))),
    join: () => read === undefined,
    leave: () => undefined,
  });
  const onClosed = jest.fn();
  const options = {
    feedId,
    heartbeatMs: 15_000,
    onSent: () => undefined,
    onFinished: () => undefined,
  };
  const stream = new EventStream(subscription, { ...options, onClosed, ...more });
  return { subscription, stream, onClosed };
}

async function textOf(stream: EventStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

const idsOf = (text: string): number[] => [...text.matchAll(/^id: (\d+)\nevent: note/gm)].map(([, id]) => Number(id));
const cursorOf = (text: string): number => Number(/"cursor":(\d+)\}\n\n$/.exec(text)?.[1]);

describe('EventStream', () => {
  it('names in its last words the cursor after what it sent, whenever it ends', async () => {
    for (let steps = 0; steps < 12; steps++) {
      const { subscription, stream } = aStream();
      const text = textOf(stream);
      await new Promise(setImmediate);
      for (let seq = 1; seq <= 3; seq++) subscription.offer([anEvent(seq)]);
      for (let step = 0; step < steps; step++) await Promise.resolve();
      subscription.end(new NodeStopping());

      const sent = idsOf(await text);
      expect([steps, cursorOf(await text)]).toEqual([steps, sent.length]);
    }
  });

  it('gives up a connection that takes nothing, though nothing is written', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    let page = 0;
    const { stream, onClosed } = aStream({}, () => {
      const events = [anEvent(++page, 'x'.repeat(40_000))];
      return Promise.resolve({ events, page: { next: page, last: 1_000 } });
    });
    stream.read(0);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    const pages = page;
    expect(pages).toBeLessThan(10);

    await jest.advanceTimersByTimeAsync(29_000);
    expect(stream.readableEnded || onClosed.mock.calls.length > 0).toBe(false);
    await jest.advanceTimersByTimeAsync(5_000);
    jest.useRealTimers();

    const text = await textOf(stream);
    expect(page).toBe(pages);
    expect(text).toContain('event: resync\ndata: {"code":"slow_consumer"');
    expect(cursorOf(text)).toBe(idsOf(text).length);
    expect(onClosed).toHaveBeenCalledTimes(1);
  });
});
