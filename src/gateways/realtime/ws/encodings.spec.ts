import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { DomainError, type JsonObject, type JsonValue } from '../../../shared/errors/index.js';
import { ENCODINGS, type Encoding, JSON_TEXT, MESSAGEPACK } from './encodings.js';
import { WireEvent } from '../../../shared/events/wire-event.js';

/** What a client with an implementation of its own reads and writes. */
const theirs = new Packr({ useRecords: false });
const read = ({ binary }: Encoding, bytes: Buffer): unknown =>
  binary ? theirs.unpack(bytes) : JSON.parse(String(bytes));

/** Keys and texts that are refused in any encoding. */
const REFUSED = /__proto__|constructor|\\u0000|\\ud[89a-f]/;
/** As JSON has it, which knows no -0. */
const json = fc
  .jsonValue({ maxDepth: 4 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue)
  .filter((value) => !REFUSED.test(JSON.stringify(value)));

const event = (seq: number): WireEvent =>
  new WireEvent({
    tenantId: 't',
    feedId: 'f',
    seq,
    id: String(seq),
    type: 'note.written',
    subjectType: 'note',
    subjectId: 'n',
    actorId: 'ada',
    time: new Date(0),
    data: { text: 'ä✓', n: seq },
  } as unknown as WireEvent['event']);

describe.each(ENCODINGS)('$subprotocol', (encoding) => {
  it('reads back what it wrote, whatever JSON it is', () => {
    fc.assert(
      fc.property(json, (value) => {
        const message = { jsonrpc: '2.0', method: 'm', params: { value } } satisfies JsonObject;
        expect(encoding.decode(encoding.encode(message))).toEqual(message);
        expect(read(encoding, encoding.encode(message))).toEqual(message);
        const answer = encoding.answer(7, JSON.stringify(value));
        expect(read(encoding, answer)).toEqual({ jsonrpc: '2.0', id: 7, result: value });
      }),
      { numRuns: 500 },
    );
  });

  it('refuses any other bytes with a reason, or reads them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          JSON.stringify(encoding.decode(Buffer.from(bytes)));
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
          expect((error as DomainError).kind).toMatch(/^(invalid|too_large)$/);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('refuses a message that was cut or changed in one place, or reads it', () => {
    const message = encoding.encode({
      jsonrpc: '2.0',
      id: 1,
      method: 'task.create',
      params: { tags: ['a', 'ä'], n: [1, 2.5, null] },
    });
    fc.assert(
      fc.property(fc.nat(message.length - 1), fc.nat(255), (place, byte) => {
        const changed = Buffer.from(message);
        changed[place] = byte;
        for (const bytes of [changed, message.subarray(0, place)]) {
          try {
            encoding.decode(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(DomainError);
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([0, 1, 15, 16, 300])('writes %d events and answers', (count) => {
    const events = Array.from({ length: count }, (_, n) => event(n + 1));
    const notice = encoding.events({ subscription: '1', feed: 'f', events, next: 70_000 });
    expect(read(encoding, notice)).toEqual({
      jsonrpc: '2.0',
      method: 'events',
      params: {
        subscription: '1',
        feed: 'f',
        events: events.map((one) => JSON.parse(one.json) as unknown),
        next: 70_000,
      },
    });
    const answers = events.map((_, n) => encoding.answer(n, 'null'));
    expect(read(encoding, encoding.batch(answers))).toHaveLength(count);
  });
});

describe('MessagePack', () => {
  it('[S155] reads the same message as JSON does', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(MESSAGEPACK.decode(theirs.pack(value))).toEqual(JSON_TEXT.decode(Buffer.from(JSON.stringify(value))));
      }),
      { numRuns: 500 },
    );
  });

  it.each([0, 23, 255, 256, 65_535, 65_536, 2 ** 32, Number.MAX_SAFE_INTEGER, -1, -33, -(2 ** 31), -(2 ** 40), 0.1])(
    'keeps %d',
    (number) => {
      expect(MESSAGEPACK.decode(theirs.pack(number))).toBe(number);
      const bytes = Buffer.alloc(9, 0xd3);
      if (Number.isInteger(number)) {
        bytes.writeBigInt64BE(BigInt(number), 1);
        expect(MESSAGEPACK.decode(bytes)).toBe(number);
      }
    },
  );
});
