import { randomUUID } from 'node:crypto';
import { EventSubscriber, type EntitySubscriberInterface } from 'typeorm';
import { query } from '../support/database.js';
import { aNote, Note, type Notebook, notesDatabase, openNotes } from '../support/notes.js';

class Refused extends Error {}

/** Every ordinary way of TypeORM to write a note called `title`. */
const WAYS: Record<string, (app: Notebook, tenant: string, title: string) => Promise<unknown>> = {
  'an injected repository’s insert': ({ ordinary }, tenant, title) => ordinary.notes.insert(aNote(tenant, title)),
  'an injected repository’s save': ({ ordinary }, tenant, title) => ordinary.notes.save(aNote(tenant, title)),
  'saving many at once': ({ ordinary }, tenant, title) =>
    ordinary.notes.save([aNote(tenant, title), aNote(tenant, `${title} again`)]),
  'a repository’s query builder': ({ ordinary }, tenant, title) =>
    ordinary.notes.createQueryBuilder().insert().values(aNote(tenant, title)).execute(),
  'a repository’s own query': ({ ordinary }, tenant, title) =>
    ordinary.notes.query('INSERT INTO notes (tenant_id, id, title) VALUES ($1, gen_random_uuid(), $2)', [
      tenant,
      title,
    ]),
  'the injected entity manager': ({ ordinary }, tenant, title) =>
    ordinary.dataSource.manager.insert(Note, aNote(tenant, title)),
  'the entity manager’s save': ({ ordinary }, tenant, title) => ordinary.dataSource.manager.save(aNote(tenant, title)),
  'the data source’s query builder': ({ ordinary }, tenant, title) =>
    ordinary.dataSource.createQueryBuilder().insert().into(Note).values(aNote(tenant, title)).execute(),
  'dataSource.query': ({ ordinary }, tenant, title) =>
    ordinary.dataSource.query('INSERT INTO notes (tenant_id, id, title) VALUES ($1, gen_random_uuid(), $2)', [
      tenant,
      title,
    ]),
  'a query runner of its own': async ({ ordinary }, tenant, title) => {
    const runner = ordinary.dataSource.createQueryRunner();
    await runner.manager.insert(Note, aNote(tenant, title));
    await runner.release();
  },
  'await using a query runner': async ({ ordinary }, tenant, title) => {
    await using runner = ordinary.dataSource.createQueryRunner();
    await runner.manager.insert(Note, aNote(tenant, title));
  },
  'manager.transaction': ({ ordinary }, tenant, title) =>
    ordinary.dataSource.manager.transaction((manager) => manager.insert(Note, aNote(tenant, title))),
  'dataSource.transaction': ({ ordinary }, tenant, title) =>
    ordinary.dataSource.transaction((manager) => manager.save(aNote(tenant, title))),
  COPY: ({ database }, tenant, title) =>
    database.copy('COPY notes (tenant_id, id, title) FROM STDIN', [`${tenant}\t${randomUUID()}\t${title}\n`]),
};

describe('ordinary TypeORM and the running transaction', () => {
  let app: Notebook;
  let tenant: string;

  // One connection: whoever does not join waits for ever.
  beforeAll(async () => (app = await openNotes({ url: await notesDatabase(), poolSize: 1 })));
  beforeEach(() => (tenant = randomUUID()));
  afterAll(() => app.close());

  describe.each(Object.entries(WAYS))('%s', (_, write) => {
    it('joins: others see it only after the commit', async () => {
      await app.transactions.run({}, async () => {
        await write(app, tenant, 'note');
        expect(await app.ordinary.notes.countBy({ tenantId: tenant, title: 'note' })).toBe(1);
        expect(await app.committed(tenant)).toEqual([]);
      });

      expect(await app.committed(tenant)).toContain('note');
    });

    it('joins: it is gone with the rollback', async () => {
      const failing = app.transactions.run({}, async () => {
        await write(app, tenant, 'note');
        throw new Refused();
      });

      await expect(failing).rejects.toThrow(Refused);
      expect(await app.committed(tenant)).toEqual([]);
    });

    it('behaves as always without a transaction', async () => {
      await write(app, tenant, 'note');

      expect(await app.committed(tenant)).toContain('note');
    });
  });

  it('makes TypeORM’s own nested transaction a savepoint, with its hooks', async () => {
    const [kept, dropped] = [jest.fn(), jest.fn()];
    await app.transactions.run({}, async () => {
      await app.notes.add(tenant, 'outer');
      await app.transactions.afterCommit(kept);
      const nested = app.ordinary.dataSource.transaction(async (manager) => {
        await manager.insert(Note, aNote(tenant, 'inner'));
        await app.transactions.afterCommit(dropped);
        throw new Refused();
      });
      await expect(nested).rejects.toThrow(Refused);
    });

    expect(await app.committed(tenant)).toEqual(['outer']);
    expect(kept).toHaveBeenCalledTimes(1);
    expect(dropped).not.toHaveBeenCalled();
  });

  it('nests transactions of TypeORM as deep as asked', async () => {
    await app.transactions.run({}, () =>
      app.ordinary.dataSource.transaction(async (outer) => {
        await outer.insert(Note, aNote(tenant, 'kept'));
        const inner = outer.transaction(async (manager) => {
          await manager.insert(Note, aNote(tenant, 'dropped'));
          throw new Refused();
        });
        await expect(inner).rejects.toThrow(Refused);
        await outer.transaction((manager) => manager.insert(Note, aNote(tenant, 'kept too')));
      }),
    );

    expect(await app.committed(tenant)).toEqual(['kept', 'kept too']);
  });

  it('rolls TypeORM’s own transaction back when there is none of ours', async () => {
    const failing = app.ordinary.dataSource.transaction(async (manager) => {
      await manager.insert(Note, aNote(tenant, 'note'));
      throw new Refused();
    });

    await expect(failing).rejects.toThrow(Refused);
    expect(await app.committed(tenant)).toEqual([]);
  });

  it('does not let a borrower end the transaction', async () => {
    await app.transactions.run({}, async () => {
      await app.notes.add(tenant, 'note');
      const runner = app.ordinary.dataSource.createQueryRunner();
      await expect(runner.commitTransaction()).rejects.toMatchObject({ code: 'invalid_transaction' });
      await runner.release();
      await app.notes.add(tenant, 'note after that');
    });

    expect(await app.committed(tenant)).toEqual(['note', 'note after that']);
  });

  it('tells TypeORM’s subscribers of the end', async () => {
    const heard: string[] = [];
    class Listener implements EntitySubscriberInterface {
      beforeTransactionCommit = () => void heard.push('before commit');
      afterTransactionCommit = () => void heard.push('after commit');
      afterTransactionRollback = () => void heard.push('after rollback');
    }
    EventSubscriber()(Listener);
    const listener = new Listener();
    const { subscribers } = app.ordinary.dataSource;
    subscribers.push(listener);
    try {
      await app.transactions.run({}, () => app.notes.add(tenant, 'note'));
      await expect(app.transactions.run({}, () => Promise.reject(new Refused()))).rejects.toThrow(Refused);
    } finally {
      subscribers.splice(subscribers.indexOf(listener), 1);
    }

    expect(heard).toEqual(['before commit', 'after commit', 'after rollback']);
  });

  it('does not mix the transactions of two applications in one process', async () => {
    const other = await openNotes({ url: await notesDatabase() });
    try {
      await app.transactions.run({}, async () => {
        await app.notes.add(tenant, 'here');
        await other.notes.add(tenant, 'there');
        expect(other.transactions.current()).toBeUndefined();
      });

      expect(await app.committed(tenant)).toEqual(['here']);
      expect(await query(other.url, 'SELECT title FROM notes')).toEqual([{ title: 'there' }]);
    } finally {
      await other.close();
    }
  });
});
