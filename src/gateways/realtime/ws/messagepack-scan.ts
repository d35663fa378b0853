import { isUtf8 } from 'node:buffer';
import { InvalidInput } from '../../../shared/errors/index.js';
import { TooManyItems } from '../../../shared/http/index.js';
import { MalformedMessagePack } from './ws.errors.js';

/** One more than JSON may have, which says so with the path. */
const MAX_DEPTH = 66;
/** As for one JSON body of the same size. */
const MAX_VALUES = 500_000;

/** What the bytes hold, as far as the decoded value does not tell. */
export interface MessagePackScan {
  /** Members of all maps, as they were written. */
  members: number;
}

/** What a leading byte announces. Lengths of `size` bytes follow it; then `bytes` or as many values. */
type Kind = 'integer' | 'float' | 'text' | 'binary' | 'array' | 'map' | 'extension' | 'constant' | 'nothing';

const table: readonly [first: number, last: number, kind: Kind, size: number][] = [
  [0x00, 0x7f, 'constant', 0],
  [0x80, 0x8f, 'map', 0],
  [0x90, 0x9f, 'array', 0],
  [0xa0, 0xbf, 'text', 0],
  [0xc0, 0xc0, 'constant', 0],
  [0xc1, 0xc1, 'nothing', 0],
  [0xc2, 0xc3, 'constant', 0],
  [0xc4, 0xc6, 'binary', 0],
  [0xc7, 0xc9, 'extension', 0],
  [0xca, 0xca, 'float', 4],
  [0xcb, 0xcb, 'float', 8],
  [0xcc, 0xcc, 'integer', 1],
  [0xcd, 0xcd, 'integer', 2],
  [0xce, 0xce, 'integer', 4],
  [0xcf, 0xcf, 'integer', 8],
  [0xd0, 0xd0, 'integer', 1],
  [0xd1, 0xd1, 'integer', 2],
  [0xd2, 0xd2, 'integer', 4],
  [0xd3, 0xd3, 'integer', 8],
  [0xd4, 0xd8, 'extension', 0],
  [0xd9, 0xd9, 'text', 1],
  [0xda, 0xda, 'text', 2],
  [0xdb, 0xdb, 'text', 4],
  [0xdc, 0xdc, 'array', 2],
  [0xdd, 0xdd, 'array', 4],
  [0xde, 0xde, 'map', 2],
  [0xdf, 0xdf, 'map', 4],
  [0xe0, 0xff, 'constant', 0],
];

const FORMATS = table.flatMap(([first, last, kind, size]) =>
  Array.from({ length: last - first + 1 }, () => ({ kind, size })),
);

/**
 * Looks at the bytes before they are decoded: the decoder believes every length that is announced and would make room
 * for it, goes as deep as it is led, and knows values that JSON has no word for.
 *
 * @throws MalformedMessagePack, InvalidInput, TooManyItems
 */
export function scanMessagePack(bytes: Buffer): MessagePackScan {
  const scan = new Scan(bytes);
  scan.value(0);
  if (scan.at < bytes.length) throw malformed('something follows the value', scan.at);
  return { members: scan.members };
}

class Scan {
  at = 0;
  members = 0;
  private values = 0;

  constructor(private readonly bytes: Buffer) {}

  value(depth: number): void {
    const start = this.at;
    const { kind, size } = this.formatAt(depth);
    if (kind === 'text') this.text(this.length(start, size, 0x1f), start);
    else if (kind === 'array') this.items(this.length(start, size, 0x0f), depth, start);
    else if (kind === 'map') this.map(this.length(start, size, 0x0f), depth, start);
    else if (kind === 'integer') this.integer(size, start);
    else if (kind === 'float') this.skip(size, start);
    else if (kind !== 'constant') throw refused(kind, start);
  }

  private formatAt(depth: number): (typeof FORMATS)[number] {
    const format = FORMATS[this.bytes[this.at] ?? -1];
    if (!format) throw malformed('it ends too early', this.at);
    if (depth > MAX_DEPTH) throw InvalidInput.of('', 'maxDepth', 'The value is nested too deep.');
    if (++this.values > MAX_VALUES) throw new TooManyItems('values and keys', MAX_VALUES);
    this.at++;
    return format;
  }

  /** The length after the leading byte, or in its last bits. */
  private length(start: number, size: number, bits: number): number {
    if (size === 0) return (this.bytes[start] ?? 0) & bits;
    this.skip(size, start);
    return this.bytes.readUIntBE(this.at - size, size);
  }

  private skip(count: number, start: number): void {
    if (count > this.bytes.length - this.at) throw malformed('it ends too early', start);
    this.at += count;
  }

  private text(length: number, start: number): void {
    this.skip(length, start);
    if (!isUtf8(this.bytes.subarray(this.at - length, this.at))) throw malformed('a text is not UTF-8', start);
  }

  private items(count: number, depth: number, start: number): void {
    this.assertRoom(count, start);
    for (let n = 0; n < count; n++) this.value(depth + 1);
  }

  private map(count: number, depth: number, start: number): void {
    this.assertRoom(2 * count, start);
    this.members += count;
    for (let n = 0; n < count; n++) {
      this.key(depth + 1);
      this.value(depth + 1);
    }
  }

  private key(depth: number): void {
    const start = this.at;
    if (FORMATS[this.bytes[start] ?? -1]?.kind !== 'text') {
      throw InvalidInput.of('', 'isText', `Keys must be text (at byte ${start}).`);
    }
    this.value(depth);
    // The decoder would give it another name.
    const name = this.bytes.toString('latin1', this.at - PROTO.length, this.at);
    if (this.at - start <= PROTO.length + 5 && name === PROTO) {
      throw InvalidInput.of(PROTO, 'noPrototype', `${PROTO} would replace a prototype.`);
    }
  }

  /** Each value takes a byte at least. */
  private assertRoom(values: number, start: number): void {
    if (values > this.bytes.length - this.at) throw malformed('it ends too early', start);
  }

  /** Of 64 bits are those that a double does not keep. */
  private integer(size: number, start: number): void {
    this.skip(size, start);
    if (size < 8) return;
    const [high, low] = [this.bytes.readInt32BE(this.at - 8), this.bytes.readUInt32BE(this.at - 4)];
    const unsigned = this.bytes[start] === 0xcf ? high >>> 0 : high;
    if (Number.isSafeInteger(unsigned * 2 ** 32 + low)) return;
    throw InvalidInput.of('', 'isExactNumber', `The number at byte ${start} cannot be kept exactly.`);
  }
}

const PROTO = '__proto__';

const malformed = (what: string, at: number): MalformedMessagePack =>
  new MalformedMessagePack(`This is not valid MessagePack: ${what} (at byte ${at}).`, { position: at });

/** What MessagePack has and JSON has not. */
function refused(kind: Kind, at: number): Error {
  if (kind === 'nothing') return malformed('0xc1 is never used', at);
  const instead =
    kind === 'binary' ? 'send text' : 'send times as text, as in RFC 3339, and leave undefined members out';
  return InvalidInput.of('', 'isJson', `JSON cannot carry the ${kind} value at byte ${at}; ${instead}.`);
}
