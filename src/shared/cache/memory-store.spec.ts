import { memoryKeyv, MemoryStore } from './memory-store.js';

const KIB = 1024;

describe('MemoryStore', () => {
  it('stays within its size and forgets what was used least recently', async () => {
    const store = new MemoryStore(10 * KIB);
    const value = 'x'.repeat(KIB / 2);
    await store.set('kept', value);

    for (let i = 0; i < 1_000; i++) {
      await store.set(`key${i}`, value);
      expect(await store.get('kept')).toBe(value);
    }

    const alive = (await store.getMany(Array.from({ length: 1_000 }, (_, i) => `key${i}`))).map(Boolean);
    expect(alive.filter(Boolean).length).toBeGreaterThan(5);
    expect(alive.filter(Boolean).length).toBeLessThan(10);
    expect(alive.at(-1)).toBe(true);
    expect(alive[0]).toBe(false);
  });

  it('gives space back: replacing, deleting and clearing leave room for as much as before', async () => {
    const store = new MemoryStore(10 * KIB);
    const value = 'x'.repeat(4 * KIB);
    for (let i = 0; i < 50; i++) {
      await store.set('same', value);
      await store.set('other', 'small');
      await store.delete('other');
      await store.deleteMany(['same']);
    }
    await store.clear();
    await store.set('last', value);

    expect(await store.get('last')).toBe(value);
  });

  it('does not keep what is larger than the whole', async () => {
    const store = new MemoryStore(KIB);
    await store.set('small', 'x');
    await store.set('large', 'x'.repeat(KIB));

    expect(await store.getMany(['small', 'large'])).toEqual(['x', undefined]);
  });

  it('lets nobody change a cached value from outside, and lets it expire', async () => {
    const keyv = memoryKeyv(new MemoryStore(10 * KIB));
    const value = { tags: ['a'] };
    await keyv.set('key', value, 60_000);
    value.tags.push('b');
    const read = await keyv.get<{ tags: string[] }>('key');
    read?.tags.push('c');

    expect(await keyv.get('key')).toEqual({ tags: ['a'] });
    await keyv.set('short', 1, 1);
    while ((await keyv.get('short')) !== undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  });
});
