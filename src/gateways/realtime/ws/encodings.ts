import { Packr } from 'msgpackr';
import { assertStorable, InvalidInput, type JsonObject, type JsonValue } from '../../../shared/errors/index.js';
import type { WireEvent } from '../../../shared/events/index.js';
import { membersOf, parseJson } from '../../../shared/http/index.js';
import { scanMessagePack } from './messagepack-scan.js';
import type { RpcId } from './rpc-request.js';

/** Some events of one feed for one subscription, and the cursor after them. */
export interface EventsNotice {
  subscription: string;
  feed: string;
  events: readonly WireEvent[];
  next: number;
}

/** How messages become bytes on a connection. The methods and what they mean are the same in each. */
export interface Encoding {
  readonly subprotocol: string;
  /** Whether frames are binary; the others are text. */
  readonly binary: boolean;
  /** @throws MalformedJson, MalformedMessagePack, InvalidInput, TooManyItems */
  decode(bytes: Buffer): JsonValue;
  encode(message: JsonObject): Buffer;
  /** The answer to a request; `result` is JSON text, as routes answer. */
  answer(id: RpcId, result: string): Buffer;
  batch(answers: readonly Buffer[]): Buffer;
  events(notice: EventsNotice): Buffer;
}

export const JSON_TEXT: Encoding = {
  subprotocol: 'muster.v1+json',
  binary: false,
  decode: (bytes) => parseJson(bytes),
  encode: (message) => Buffer.from(JSON.stringify(message)),
  answer: (id, result) => Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`),
  batch: (answers) => Buffer.from(`[${answers.join(',')}]`),
  events: ({ subscription, feed, events, next }) => {
    const params = `"subscription":"${subscription}","feed":"${feed}","events":[${events.map(({ json }) => json).join(',')}],"next":${next}`;
    return Buffer.from(`{"jsonrpc":"2.0","method":"events","params":{${params}}}`);
  },
};

/** Without its records and extensions: what is packed is what every implementation of MessagePack reads. */
const packr = new Packr({ useRecords: false, variableMapSize: true, int64AsType: 'number' });
const pack = (value: JsonValue): Buffer => packr.pack(value);

const packed = new WeakMap<WireEvent, Buffer>();

/** An event in MessagePack, made once for all connections. */
function packedEvent(event: WireEvent): Buffer {
  const known = packed.get(event);
  if (known) return known;
  const bytes = pack(JSON.parse(event.json) as JsonValue);
  packed.set(event, bytes);
  return bytes;
}

/** The head of an array, to be followed by its items (MessagePack specification, array format family). */
function arrayHead(length: number): Buffer {
  if (length < 16) return Buffer.from([0x90 | length]);
  const head = Buffer.alloc(3, 0xdc);
  head.writeUInt16BE(length, 1);
  return head;
}

/** A map of some members, the last of which is an array whose items follow. */
const mapHead = (members: number): Buffer => Buffer.from([0x80 | members]);

const EVENTS_HEAD = Buffer.concat([
  mapHead(3),
  ...['jsonrpc', '2.0', 'method', 'events', 'params'].map(pack),
  mapHead(4),
]);

export const MESSAGEPACK: Encoding = {
  subprotocol: 'muster.v1+msgpack',
  binary: true,
  decode: decodeMessagePack,
  encode: pack,
  answer: (id, result) => pack({ jsonrpc: '2.0', id, result: JSON.parse(result) as JsonValue }),
  batch: (answers) => Buffer.concat([arrayHead(answers.length), ...answers]),
  events: ({ subscription, feed, events, next }) =>
    Buffer.concat([
      EVENTS_HEAD,
      ...['subscription', subscription, 'feed', feed, 'next', next, 'events'].map(pack),
      arrayHead(events.length),
      ...events.map(packedEvent),
    ]),
};

export const ENCODINGS = [JSON_TEXT, MESSAGEPACK] as const;

function decodeMessagePack(bytes: Buffer): JsonValue {
  const { members } = scanMessagePack(bytes);
  const value = packr.unpack(bytes) as JsonValue;
  assertStorable(value);
  // As in JSON: of two equal keys one would be lost, and nobody told.
  if (membersOf(value) !== members) throw InvalidInput.of('', 'uniqueKey', 'A key in it is given twice.');
  return value;
}
