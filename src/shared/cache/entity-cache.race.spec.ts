import { createCache } from 'cache-manager';
import * as fc from 'fast-check';
import { Metrics } from '../metrics/index.js';
import { type CachedEntity, EntityCache } from './entity-cache.js';
import { memoryKeyv, MemoryStore } from './memory-store.js';

const ROW: CachedEntity<number> = { type: 'row', revive: (stored) => stored as number };

/** 6,000 runs of each were clean; this many take seconds and still find most rules of the law when one is taken out. */
const RUNS = 120;
const METRICS = new Metrics();

type Step = { kind: 'read' | 'write'; node: 0 | 1; id: string };

/** What befalls a request: nothing, or its caller gives it up and it never arrives, did arrive, or arrives later. */
type Fate = 'fine' | 'lost' | 'answer lost' | 'late';

/** A store at a distance: a request and its answer each take their own time, and not all of them arrive. */
class DistantStore extends MemoryStore {
  constructor(
    private readonly scheduler: fc.Scheduler,
    private readonly fate: (what: string) => Fate,
  ) {
    super(1024 * 1024);
  }

  override getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    return this.travel('read', () => super.getMany<Value>(keys));
  }

  override set(key: string, value: string): Promise<void> {
    return this.travel('write', () => super.set(key, value));
  }

  override deleteMany(keys: string[]): Promise<boolean> {
    return this.travel('delete', () => super.deleteMany(keys));
  }

  private async travel<T>(what: string, arrive: () => Promise<T>): Promise<T> {
    const fate = this.fate(what);
    const journey = this.scheduler.schedule(Promise.resolve(), `${what} (${fate})`);
    if (fate === 'late') {
      void journey.then(arrive);
      await this.scheduler.schedule(Promise.resolve(), `${what} given up`);
      throw new Error('given up');
    }
    await journey;
    if (fate === 'lost') throw new Error('lost');
    const answer = await arrive();
    await this.scheduler.schedule(Promise.resolve(), `${what} answered`);
    if (fate === 'answer lost') throw new Error('answer lost');
    return answer;
  }
}

/** Two nodes on one store and one database of versions; every step begins when the scheduler says so. */
async function play(scheduler: fc.Scheduler, steps: readonly Step[], fate: (what: string) => Fate): Promise<void> {
  const store = new DistantStore(scheduler, fate);
  const node = () => {
    return new EntityCache(createCache({ stores: [memoryKeyv(store)] }), METRICS, { ttlMs: 60_000, shared: true });
  };
  const nodes = [node(), node()] as const;
  const committed = new Map<string, number>();
  const acknowledged = new Map<string, number>();
  const version = (versions: Map<string, number>, id: string) => versions.get(id) ?? 0;

  const load = async (id: string): Promise<number> => {
    const seen = version(committed, id);
    await scheduler.schedule(Promise.resolve(), `row ${id} at ${seen}`);
    return seen;
  };
  const perform = async ({ kind, node: index, id }: Step): Promise<void> => {
    await scheduler.schedule(Promise.resolve(), `${kind} ${id} on ${index}`);
    if (kind === 'write') {
      const written = version(committed, id) + 1;
      committed.set(id, written);
      await scheduler.schedule(Promise.resolve(), `commit of ${id} answered`);
      await nodes[index].invalidate('row', 't1', [id]);
      acknowledged.set(id, Math.max(version(acknowledged, id), written));
      return;
    }
    const atLeast = version(acknowledged, id);
    const row = await nodes[index].getOrLoad(ROW, 't1', id, () => load(id));
    expect(row).toBeGreaterThanOrEqual(atLeast);
  };

  await scheduler.waitFor(Promise.all(steps.map(perform)));
  await scheduler.waitIdle();
  for (const id of new Set(steps.map((step) => step.id))) {
    for (const each of nodes) {
      expect(await scheduler.waitFor(each.getOrLoad(ROW, 't1', id, () => load(id)))).toBe(version(committed, id));
    }
  }
}

describe('the race law of EntityCache [S24]', () => {
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('read', 'read', 'write'),
    node: fc.constantFrom(0, 1),
    id: fc.constantFrom('a', 'a', 'a', 'b'),
  });
  const steps = fc.array(step, { minLength: 2, maxLength: 10 });

  it('never serves less than was acknowledged before the read began, nor leaves an older version behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, (scheduler, given) => play(scheduler, given, () => 'fine')),
      { numRuns: RUNS },
    );
  });

  it('keeps the law when reads and writes get lost, lose their answer, or arrive after their caller gave up', async () => {
    const fates = fc.infiniteStream(fc.constantFrom<Fate[]>('fine', 'fine', 'fine', 'late', 'lost', 'answer lost'));
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, fates, (scheduler, given, fate) =>
        play(scheduler, given, (what) => (what === 'delete' ? 'fine' : (fate.next().value as Fate))),
      ),
      { numRuns: RUNS },
    );
  });
});
