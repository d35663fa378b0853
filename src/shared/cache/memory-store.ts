import { Keyv, type KeyvStoreAdapter } from 'keyv';

/** What the two Map slots, the string headers and the key of an entry cost besides its characters, about. */
const OVERHEAD = 200;

/**
 * Keyv's own store is a Map without bounds. This one forgets what was used least recently, and is bounded by size, not by
 * count: a thousand tasks with large parameters weigh as much as a million small ones. Values are JSON text, so nobody
 * can change a cached value by changing what was handed out.
 */
export class MemoryStore implements KeyvStoreAdapter {
  readonly opts = {};
  private readonly entries = new Map<string, string>();
  private size = 0;

  constructor(private readonly limitBytes: number) {}

  get<Value>(key: string): Promise<Value | undefined> {
    return Promise.resolve(this.touch(key) as Value | undefined);
  }

  getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    return Promise.resolve(keys.map((key) => this.touch(key) as Value | undefined));
  }

  set(key: string, value: string): Promise<void> {
    this.remove(key);
    const weight = weigh(key, value);
    if (weight > this.limitBytes) return Promise.resolve();

    this.entries.set(key, value);
    this.size += weight;
    for (const oldest of this.entries.keys()) {
      if (this.size <= this.limitBytes) break;
      this.remove(oldest);
    }
    return Promise.resolve();
  }

  delete(key: string): Promise<boolean> {
    return Promise.resolve(this.remove(key));
  }

  deleteMany(keys: string[]): Promise<boolean> {
    for (const key of keys) this.remove(key);
    return Promise.resolve(true);
  }

  clear(): Promise<void> {
    this.entries.clear();
    this.size = 0;
    return Promise.resolve();
  }

  /** Nothing to report: a Map does not fail. */
  on(): this {
    return this;
  }

  /** A Map keeps the order of insertion, so an entry that is used goes to the end. */
  private touch(key: string): string | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  private remove(key: string): boolean {
    const value = this.entries.get(key);
    if (value === undefined) return false;
    this.size -= weigh(key, value);
    return this.entries.delete(key);
  }
}

export function memoryKeyv(store: MemoryStore): Keyv {
  return new Keyv({
    store,
    useKeyPrefix: false,
    throwOnErrors: true,
    serialize: (data) => JSON.stringify(data),
    deserialize: <Value>(text: string) => JSON.parse(text) as { value?: Value },
  });
}

/** Two bytes a character is the worst case; V8 keeps Latin-1 text in one. */
function weigh(key: string, value: string): number {
  return OVERHEAD + 2 * (key.length + value.length);
}
