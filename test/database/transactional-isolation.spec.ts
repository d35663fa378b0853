import { randomUUID } from 'node:crypto';
import { InvalidTransaction, OptimisticLock } from '../../src/shared/errors/index.js';
import { type Notebook, notesDatabase, openNotes } from '../support/notes.js';

describe('isolation of a transaction [S9]', () => {
  let app: Notebook;
  let tenant: string;

  beforeAll(async () => (app = await openNotes({ url: await notesDatabase() })));
  beforeEach(() => (tenant = randomUUID()));
  afterAll(() => app.close());

  const pages = async (title: string): Promise<number> => {
    const [row] = await app.notes.run('SELECT page_count FROM notes WHERE tenant_id = $1 AND title = $2', [
      tenant,
      title,
    ]);
    return Number(row?.page_count);
  };
  const setPages = (title: string, count: number) =>
    app.notes.run('UPDATE notes SET page_count = $3 WHERE tenant_id = $1 AND title = $2', [tenant, title, count]);

  it('is READ COMMITTED unless asked: each statement sees what was committed before it', async () => {
    await app.transactions.run({}, async () => {
      expect(await app.notes.titles(tenant)).toEqual([]);
      await app.transactions.run({ propagation: 'requires_new' }, () => app.notes.add(tenant, 'meanwhile'));
      expect(await app.notes.titles(tenant)).toEqual(['meanwhile']);
    });
  });

  it('REPEATABLE READ keeps one picture of the data', async () => {
    await app.transactions.run({ isolation: 'REPEATABLE READ' }, async () => {
      expect(await app.notes.titles(tenant)).toEqual([]);
      await app.transactions.run({ propagation: 'requires_new' }, () => app.notes.add(tenant, 'meanwhile'));
      expect(await app.notes.titles(tenant)).toEqual([]);
    });
  });

  it('REPEATABLE READ refuses to overwrite what it has not seen', async () => {
    await app.notes.add(tenant, 'a');
    const lostUpdate = app.transactions.run({ isolation: 'REPEATABLE READ' }, async () => {
      const seen = await pages('a');
      await app.transactions.run({ propagation: 'requires_new' }, () => setPages('a', 10));
      await setPages('a', seen + 1);
    });

    await expect(lostUpdate).rejects.toThrow(OptimisticLock);
    expect(await pages('a')).toBe(10);
  });

  it('SERIALIZABLE refuses write skew, which REPEATABLE READ lets through', async () => {
    await app.notes.add(tenant, 'a', 1);
    await app.notes.add(tenant, 'b', 1);
    // Each takes one away as long as the two together hold enough; one after the other, the second must not.
    const take = (title: string, isolation: 'SERIALIZABLE' | 'REPEATABLE READ', both: () => Promise<void>) =>
      app.transactions.run({ isolation, retries: 0 }, async () => {
        const enough = (await pages('a')) + (await pages('b')) >= 2;
        await both();
        if (enough) await setPages(title, 0);
      });

    const skewed = await Promise.allSettled(
      meeting(2, (meet) => ['a', 'b'].map((t) => take(t, 'REPEATABLE READ', meet))),
    );
    expect(skewed.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled']);

    await setPages('a', 1);
    await setPages('b', 1);
    const serial = await Promise.allSettled(meeting(2, (meet) => ['a', 'b'].map((t) => take(t, 'SERIALIZABLE', meet))));
    expect(serial.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await pages('a')) + (await pages('b'))).toBe(1);
  });

  it('refuses to join a transaction of another level, as the promise could not be kept', async () => {
    const joined = app.transactions.run({}, () =>
      app.transactions.run({ isolation: 'SERIALIZABLE' }, () => app.notes.add(tenant, 'x')),
    );

    await expect(joined).rejects.toThrow(InvalidTransaction);
  });

  it('tells its level to who asks', async () => {
    const level = await app.transactions.run({ isolation: 'SERIALIZABLE' }, () =>
      app.notes.run('SHOW transaction_isolation'),
    );

    expect(level).toEqual([{ transaction_isolation: 'serializable' }]);
    expect(await app.notes.run('SHOW transaction_isolation')).toEqual([{ transaction_isolation: 'read committed' }]);
  });
});

/** Runs what `make` starts; each may call the given function to wait until all others have come as far. */
function meeting<T>(count: number, make: (meet: () => Promise<void>) => Promise<T>[]): Promise<T>[] {
  let arrived = 0;
  let open: () => void;
  const gate = new Promise<void>((resolve) => (open = resolve));
  return make(() => {
    if (++arrived === count) open();
    return gate;
  });
}
