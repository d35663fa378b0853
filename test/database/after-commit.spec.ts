import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { type Notebook, notesDatabase, openNotes } from '../support/notes.js';

/** One connection: a hook that ran before it was given back would wait for ever. */
describe('after-commit hooks', () => {
  let app: Notebook;
  let tenant: string;

  beforeAll(async () => (app = await openNotes({ url: await notesDatabase(), poolSize: 1 })));
  beforeEach(() => (tenant = randomUUID()));
  afterAll(() => app.close());

  it('run after the commit, in order, one after the other, before the caller is answered', async () => {
    const order: unknown[] = [];
    await app.transactions.run({}, async () => {
      await app.transactions.afterCommit(async () => {
        await turn();
        order.push(await app.committed(tenant));
      });
      await app.transactions.afterCommit(() => order.push('second'));
      await app.notes.add(tenant, 'a');
      order.push('method');
    });

    expect(order).toEqual(['method', ['a'], 'second']);
  });

  it('run with the connection given back and outside the transaction', async () => {
    let titles: string[] = [];
    let inside = true;
    await app.transactions.run({}, async () => {
      await app.notes.add(tenant, 'a');
      await app.transactions.afterCommit(async () => {
        titles = await app.notes.titles(tenant);
        inside = app.transactions.current() !== undefined;
      });
    });

    expect(titles).toEqual(['a']);
    expect(inside).toBe(false);
  });

  it('may open a transaction of their own', async () => {
    await app.transactions.run({}, async () => {
      await app.transactions.afterCommit(() => app.transactions.run({}, () => app.notes.add(tenant, 'by the hook')));
    });

    expect(await app.committed(tenant)).toEqual(['by the hook']);
  });

  it('do not run on rollback', async () => {
    const hook = jest.fn();
    const failing = app.transactions.run({}, async () => {
      await app.transactions.afterCommit(hook);
      throw new Error('refused');
    });

    await expect(failing).rejects.toThrow('refused');
    expect(hook).not.toHaveBeenCalled();
  });

  it('do not run when the commit itself is refused', async () => {
    const hook = jest.fn();
    const failing = app.transactions.run({}, async () => {
      await app.transactions.afterCommit(hook);
      await app.notes.run('SELECT 1 / 0').catch(() => undefined);
    });

    await expect(failing).rejects.toMatchObject({ code: 'invalid_transaction' });
    expect(hook).not.toHaveBeenCalled();
  });

  it('change no answer when they fail, and the ones after them still run', async () => {
    const second = jest.fn();
    const answer = await app.transactions.run({}, async () => {
      await app.transactions.afterCommit(() => {
        throw new Error('a hook’s own trouble');
      });
      await app.transactions.afterCommit(() => Promise.reject(new Error('another one’s')));
      await app.transactions.afterCommit(second);
      return app.notes.add(tenant, 'a');
    });

    expect(answer).toEqual(expect.any(String));
    expect(second).toHaveBeenCalledTimes(1);
    expect(await app.committed(tenant)).toEqual(['a']);
  });

  it('run once although the method ran twice', async () => {
    const hook = jest.fn();
    let runs = 0;
    await app.transactions.run({ retries: 1 }, async () => {
      await app.transactions.afterCommit(hook);
      if (++runs === 1) await app.notes.run(`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$`);
    });

    expect(runs).toBe(2);
    expect(hook).toHaveBeenCalledTimes(1);
  });

  it('run at once where there is no transaction', async () => {
    const hook = jest.fn();
    await app.transactions.afterCommit(hook);

    expect(hook).toHaveBeenCalledTimes(1);
  });

  it('go with the part of the transaction that is undone', async () => {
    const [outer, inner] = [jest.fn(), jest.fn()];
    await app.transactions.run({}, async () => {
      await app.transactions.afterCommit(outer);
      const nested = app.transactions.run({ propagation: 'nested' }, async () => {
        await app.transactions.afterCommit(inner);
        throw new Error('refused');
      });
      await expect(nested).rejects.toThrow('refused');
    });

    expect(outer).toHaveBeenCalledTimes(1);
    expect(inner).not.toHaveBeenCalled();
  });
});
