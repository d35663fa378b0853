import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { QueryFailedError } from 'typeorm';
import { logContext } from '../logging/index.js';
import { SerializationConflict } from '../errors/index.js';
import { ambientTransaction, runInside } from './ambient.js';
import { Batcher, type BatcherOptions, type Outcome } from './batcher.js';
import { Overloaded } from './overloaded.js';
import type { Transaction } from './transaction.js';

/** A flush that records its batches and can be held. */
class Statement {
  readonly batches: { tenantId: string; items: number[] }[] = [];
  running = 0;
  mostRunning = 0;
  private gate?: { promise: Promise<void>; open: () => void };

  constructor(private readonly answer: (items: number[]) => Outcome<number>[] = double) {}

  readonly flush = async (tenantId: string, items: number[]): Promise<Outcome<number>[]> => {
    this.batches.push({ tenantId, items });
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    await (this.gate?.promise ?? turn());
    this.running--;
    return this.answer(items);
  };

  hold(): void {
    let open = (): void => undefined;
    const promise = new Promise<void>((resolve) => (open = resolve));
    this.gate = { promise, open };
  }

  release(): void {
    this.gate?.open();
    this.gate = undefined;
  }
}

const failed = (): QueryFailedError => new QueryFailedError('SELECT', [], new Error('the statement failed'));
const double = (items: number[]): Outcome<number>[] => items.map((item) => ({ value: item * 2 }));
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

function batcherOn(
  statement: Statement,
  options: Partial<BatcherOptions<number, number>> = {},
): Batcher<number, number> {
  return new Batcher({ operation: 'test', flush: statement.flush, ...options });
}

describe('the batcher', () => {
  it('gives each caller its own result', async () => {
    const statement = new Statement();
    const batcher = batcherOn(statement);

    expect(await Promise.all(numbers(300).map((n) => batcher.add('a', n)))).toEqual(numbers(300).map((n) => n * 2));
    expect(statement.batches.map((batch) => batch.items.length)).toEqual([256, 44]);
  });

  it('gathers callers while its lanes are busy', async () => {
    const statement = new Statement();
    const batcher = batcherOn(statement, { lanes: 1 });
    statement.hold();
    const first = batcher.add('a', 1);
    await turn();
    const rest = [2, 3, 4].map((n) => batcher.add('a', n));
    await turn();
    expect(statement.batches).toHaveLength(1);
    statement.release();
    await Promise.all([first, ...rest]);

    expect(statement.batches.map((batch) => batch.items)).toEqual([[1], [2, 3, 4]]);
  });

  it.each([1, 2, 3])('has at most %d statements of a tenant under way', async (lanes) => {
    const statement = new Statement();
    const batcher = batcherOn(statement, { lanes, maxSize: 5 });
    await Promise.all(numbers(200).map((n) => batcher.add('a', n)));

    expect(statement.mostRunning).toBe(lanes);
    expect(Math.max(...statement.batches.map((batch) => batch.items.length))).toBe(5);
  });

  it('keeps tenants apart, and one tenant’s queue does not hold up another', async () => {
    const statement = new Statement();
    const batcher = batcherOn(statement, { lanes: 1 });
    statement.hold();
    const slow = batcher.add('slow', 1);
    await turn();
    const other = batcher.add('other', 3);
    await turn();
    expect(statement.batches).toEqual([
      { tenantId: 'slow', items: [1] },
      { tenantId: 'other', items: [3] },
    ]);
    statement.release();
    expect(await Promise.all([slow, other])).toEqual([2, 6]);
  });

  it('refuses callers beyond its bound, tells how many wait, and takes them again later', async () => {
    const statement = new Statement();
    const batcher = batcherOn(statement, { lanes: 1, maxWaiting: 10 });
    statement.hold();
    const first = batcher.add('a', 0);
    await turn();
    const waiting = numbers(10).map((n) => batcher.add('a', n));

    await expect(batcher.add('a', 11)).rejects.toThrow(Overloaded);
    await expect(batcher.add('a', 12)).rejects.toMatchObject({ kind: 'unavailable', retryAfterSeconds: 1 });
    expect(await batcherOn(new Statement(), { maxWaiting: 10 }).add('b', 1)).toBe(2);

    statement.release();
    await Promise.all([first, ...waiting]);
    expect(await batcher.add('a', 13)).toBe(26);
  });

  it('fails a caller whose answer is missing, and only that one', async () => {
    const batcher = batcherOn(new Statement((items) => double(items).slice(0, 2)));
    const results = await Promise.allSettled([1, 2, 3].map((n) => batcher.add('a', n)));

    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });

  it('gives up on a statement that always conflicts, item by item', async () => {
    const conflict = new SerializationConflict('test', { cause: null });
    const batcher = batcherOn(
      new Statement(() => {
        throw conflict;
      }),
    );
    const results = await Promise.allSettled([1, 2, 3].map((n) => batcher.add('a', n)));

    for (const result of results) expect(result).toEqual({ status: 'rejected', reason: conflict });
  });

  it('does not ask an unavailable database item by item', async () => {
    const statement = new Statement(() => {
      throw Object.assign(new Error('lost'), { code: 'ECONNRESET' });
    });
    const batcher = batcherOn(statement);
    const results = await Promise.allSettled(numbers(100).map((n) => batcher.add('a', n)));

    expect(results.every((result) => result.status === 'rejected')).toBe(true);
    expect(statement.batches).toHaveLength(1);
  });

  it('finds few bad items among many in few statements', async () => {
    const bad = new Set([3, 200]);
    const statement = new Statement((items) => {
      if (items.some((item) => bad.has(item))) throw failed();
      return double(items);
    });
    const batcher = batcherOn(statement);
    const results = await Promise.allSettled(numbers(256).map((n) => batcher.add('a', n)));

    expect(results.flatMap((result, index) => (result.status === 'rejected' ? [index] : []))).toEqual([3, 200]);
    expect(statement.batches.length).toBeLessThanOrEqual(4 * 8 + 1);
  });

  it('merges only what belongs to one queue', async () => {
    const statement = new Statement();
    const batcher = batcherOn(statement, { queueOf: (item) => (item % 2 ? 'odd' : 'even') });
    await Promise.all(numbers(6).map((n) => batcher.add('a', n)));

    expect(statement.batches.map((batch) => batch.items)).toEqual([
      [0, 2, 4],
      [1, 3, 5],
    ]);
  });

  it('does not run a statement again that went through, whatever happens to its answers', async () => {
    const statement = new Statement(() => [{ error: new Error('an error of its own') }]);
    const batcher = batcherOn(statement);
    await expect(batcher.add('a', 1)).rejects.toThrow('of its own');

    expect(statement.batches).toHaveLength(1);
  });

  it('does not run a statement again when what comes after it fails: it is committed', async () => {
    const statement = new Statement(() => {
      throw new TypeError('a row could not be mapped');
    });
    const batcher = batcherOn(statement);
    const results = await Promise.allSettled(numbers(10).map((n) => batcher.add('a', n)));

    expect(results.every((result) => result.status === 'rejected')).toBe(true);
    expect(statement.batches.map((batch) => batch.items)).toEqual([numbers(10)]);
  });

  it('bounds a statement and what waits by bytes as well', async () => {
    const statement = new Statement();
    const batcher = batcherOn(statement, { lanes: 1, weigh: (megabytes) => megabytes * 2 ** 20 });
    expect(await Promise.all([5, 3, 1, 40].map((n) => batcher.add('a', n)))).toEqual([10, 6, 2, 80]);
    expect(statement.batches.map((batch) => batch.items)).toEqual([[5, 3], [1], [40]]);

    statement.hold();
    const waiting = numbers(8).map(() => batcher.add('b', 8));
    await expect(batcher.add('b', 1)).rejects.toThrow(Overloaded);
    statement.release();
    expect(await Promise.all(waiting)).toEqual(Array(8).fill(16));
    expect(await batcher.add('b', 1)).toBe(2);
  });

  it('runs a statement outside of the log context of its callers: it serves them all', async () => {
    const seen: unknown[] = [];
    const batcher = batcherOn(
      new Statement((items) => {
        seen.push(logContext.keys());
        return double(items);
      }),
    );
    await logContext.run({ requestId: 'first' }, () => batcher.add('a', 1));

    expect(seen).toEqual([{}]);
  });

  it('runs no statement inside the transaction of a caller: the others of the batch are not in it', async () => {
    const seen = jest.fn();
    const batcher = batcherOn(
      new Statement((items) => {
        seen(ambientTransaction());
        return double(items);
      }),
    );
    await runInside({} as Transaction, () => batcher.add('a', 1));

    expect(seen).toHaveBeenCalledWith(undefined);
  });

  it('tells what it flushed', async () => {
    const onFlush = jest.fn();
    const batcher = batcherOn(new Statement(), { onFlush });
    await Promise.all(numbers(10).map((n) => batcher.add('a', n)));

    expect(onFlush.mock.calls).toEqual([[10]]);
  });

  it('forgets tenants that are idle', async () => {
    const batcher = batcherOn(new Statement());
    await Promise.all(numbers(500).map((n) => batcher.add(`tenant ${n}`, n)));
    await turn();

    expect(Reflect.get(batcher, 'queues')).toHaveProperty('size', 0);
  });

  it('answers everybody exactly once, whatever fails and however they arrive', async () => {
    const item = fc.record({ fate: fc.constantFrom('good', 'good', 'good', 'own error', 'breaks'), pause: fc.nat(3) });
    const arrivals = fc.array(item, { minLength: 1, maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(
        arrivals,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 16 }),
        async (all, lanes, maxSize) => {
          const answers: number[] = [];
          const batcher = new Batcher<number, number>({
            operation: 'test',
            lanes,
            maxSize,
            flush: async (_, items) => {
              await turn();
              if (items.some((index) => all[index]?.fate === 'breaks')) throw failed();
              return items.map((index) => (all[index]?.fate === 'good' ? { value: index } : { error: index }));
            },
          });
          const calls: Promise<void>[] = [];
          for (const [index, { fate, pause }] of all.entries()) {
            for (let turns = 0; turns < pause; turns++) await turn();
            const outcome = batcher.add('a', index).then(
              (value) => expect([fate, value]).toEqual(['good', index]),
              (error: unknown) =>
                expect(fate === 'own error' ? error : fate).toBe(fate === 'own error' ? index : 'breaks'),
            );
            calls.push(outcome.then(() => void answers.push(index)));
          }
          await Promise.all(calls);
          expect(answers.sort((a, b) => a - b)).toEqual([...all.keys()]);
        },
      ),
      { numRuns: 50 },
    );
  });
});
