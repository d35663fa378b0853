import { randomUUID } from 'node:crypto';
import { InvalidTransaction } from '../../src/shared/errors/index.js';
import { aNote, type Notebook, notesDatabase, openNotes } from '../support/notes.js';

/** A promise that nobody awaited must never write outside of the transaction it was started in. */
describe('a floating promise', () => {
  let app: Notebook;
  let tenant: string;

  beforeAll(async () => (app = await openNotes({ url: await notesDatabase() })));
  beforeEach(() => (tenant = randomUUID()));
  afterAll(() => app.close());

  it('that is late is refused', async () => {
    let proceed = (): void => undefined;
    const gate = new Promise<void>((resolve) => (proceed = resolve));
    let late: Promise<unknown> = Promise.resolve();
    await app.transactions.run({}, async () => {
      late = gate.then(() => app.notes.add(tenant, 'late'));
      late.catch(() => undefined);
      await app.notes.add(tenant, 'in time');
    });
    proceed();

    await expect(late).rejects.toThrow(InvalidTransaction);
    expect(await app.committed(tenant)).toEqual(['in time']);
  });

  it('that holds a runner or a manager of the transaction is refused too', async () => {
    const [runner, manager] = await app.transactions.run({}, () => {
      const lent = app.ordinary.dataSource.createQueryRunner();
      return Promise.resolve([lent, lent.manager] as const);
    });

    await expect(runner.query('SELECT 1')).rejects.toThrow(InvalidTransaction);
    await expect(runner.connect()).rejects.toThrow(InvalidTransaction);
    await expect(manager.save(aNote(tenant))).rejects.toThrow(InvalidTransaction);
    expect(await app.committed(tenant)).toEqual([]);
  });

  it('that is still running keeps the transaction from committing', async () => {
    let floating: Promise<unknown> = Promise.resolve();
    const forgetful = app.transactions.run({}, async () => {
      await app.notes.add(tenant, 'awaited');
      floating = app.notes.run('SELECT pg_sleep(0.05)');
      floating.catch(() => undefined);
    });

    await expect(forgetful).rejects.toThrow(InvalidTransaction);
    await floating;
    expect(await app.committed(tenant)).toEqual([]);
  });

  it('that has just started does not overtake the rollback', async () => {
    const insert = 'INSERT INTO notes (tenant_id, id, title) VALUES ($1, gen_random_uuid(), $2)';
    const floating: Promise<unknown>[] = [];
    for (let turns = 0; turns < 20; turns++) {
      const failing = app.transactions.run({}, async () => {
        await app.notes.titles(tenant);
        floating.push(app.ordinary.dataSource.query(insert, [tenant, `after ${turns} turns`]));
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        throw new Error('refused');
      });
      await expect(failing).rejects.toThrow('refused');
    }
    await Promise.allSettled(floating);

    expect(await app.committed(tenant)).toEqual([]);
  });

  it('never writes after the end, however the two fall together', async () => {
    const tries = Array.from({ length: 200 }, async (_, index) => {
      const mine = randomUUID();
      const floating: Promise<unknown>[] = [];
      const end = await Promise.allSettled([
        app.transactions.run({}, async () => {
          await app.notes.add(mine, 'awaited');
          // save() is several statements, so it is caught between any two of them.
          floating.push(app.ordinary.notes.save(aNote(mine, 'floating')));
          for (let turn = 0; turn < index % 20; turn++) await Promise.resolve();
          if (index % 2) throw new Error('rolled back');
        }),
      ]);
      await Promise.allSettled(floating);
      const titles = await app.committed(mine);
      return { committed: end[0].status === 'fulfilled', titles };
    });

    for (const { committed, titles } of await Promise.all(tries)) {
      if (committed) expect(titles).toContain('awaited');
      else expect(titles).toEqual([]);
    }
  });
});
