import { randomUUID } from 'node:crypto';
import { decodeWake, encodeWake, type WakeMessage } from './wake-message.js';

const message = (parts: Partial<WakeMessage>): WakeMessage => ({
  node: randomUUID(),
  feeds: [],
  broadcasts: [],
  lost: false,
  ...parts,
});

describe('wake messages', () => {
  it('splits what is too large for one NOTIFY, and loses nothing by it', () => {
    const feeds = Array.from({ length: 900 }, () => [randomUUID(), [randomUUID(), randomUUID()]] as [string, string[]]);
    const broadcasts = Array.from({ length: 40 }, (_, n) => ['cache', `${n}:${'ü'.repeat(400)}`] as [string, string]);

    const texts = encodeWake(message({ feeds, broadcasts }));

    expect(texts.length).toBeGreaterThan(10);
    for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThan(8_000);
    const read = texts.map((text) => decodeWake(text));
    expect(read.flatMap((part) => part?.broadcasts)).toEqual(broadcasts);
    const pairs = (all: [string, string[]][]): string[] => all.flatMap(([t, ids]) => ids.map((id) => `${t}/${id}`));
    expect(pairs(read.flatMap((part) => part?.feeds ?? []))).toEqual(pairs(feeds));
  });

  it('says once that messages were lost, also when there is nothing else to say', () => {
    expect(encodeWake(message({ lost: true })).map((text) => decodeWake(text)?.lost)).toEqual([true]);
    expect(encodeWake(message({}))).toEqual([]);
  });

  it.each(['', 'hello', '{}', '[]', 'null', '{"node":1}'])('takes %j for somebody else’s', (text) => {
    expect(decodeWake(text)).toBeUndefined();
  });
});
