import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Transactional } from '../../src/shared/database/index.js';
import { OptimisticLock, SerializationConflict } from '../../src/shared/errors/index.js';
import { type Notebook, notesDatabase, NotesRepository, openNotes } from '../support/notes.js';

@Injectable()
class Service {
  runs = 0;

  constructor(private readonly notes: NotesRepository) {}

  @Transactional({ isolation: 'SERIALIZABLE', retries: 1_000 })
  async increment(tenant: string, title: string): Promise<void> {
    this.runs++;
    const [note] = await this.notes.run('SELECT page_count FROM notes WHERE tenant_id = $1 AND title = $2', [
      tenant,
      title,
    ]);
    await this.setPages(tenant, title, Number(note?.page_count) + 1);
  }

  /** Locks two rows in the given order; the first run waits in between until the other has come as far. */
  @Transactional({ retries: 3 })
  async touchBoth(tenant: string, titles: [string, string], meet: () => Promise<void>): Promise<void> {
    this.runs++;
    await this.setPages(tenant, titles[0], 1);
    await meet();
    await this.setPages(tenant, titles[1], 1);
  }

  @Transactional({ isolation: 'SERIALIZABLE' })
  async alwaysConflicting(): Promise<void> {
    this.runs++;
    await this.notes.run(`DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$`);
  }

  @Transactional()
  async alwaysDeadlocked(): Promise<void> {
    this.runs++;
    await this.notes.run(`DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$`);
  }

  @Transactional({ retries: 3 })
  async refused(): Promise<void> {
    this.runs++;
    await this.notes.run('SELECT 1 / 0');
  }

  private setPages(tenant: string, title: string, count: number): Promise<unknown> {
    return this.notes.run('UPDATE notes SET page_count = $3 WHERE tenant_id = $1 AND title = $2', [
      tenant,
      title,
      count,
    ]);
  }
}

describe('retries of a transaction [S129]', () => {
  let app: Notebook;
  let service: Service;
  let tenant: string;

  beforeAll(async () => {
    app = await openNotes({ url: await notesDatabase() }, [Service]);
    service = app.module.get(Service);
  });
  beforeEach(() => {
    tenant = randomUUID();
    service.runs = 0;
  });
  afterAll(() => app.close());

  it('run the whole method again on 40001, so that hundreds of concurrent increments all count', async () => {
    await app.notes.add(tenant, 'counter');
    await Promise.all(Array.from({ length: 200 }, () => service.increment(tenant, 'counter')));

    const [note] = await app.notes.run('SELECT page_count FROM notes WHERE tenant_id = $1', [tenant]);
    expect(note).toEqual({ page_count: 200 });
    expect(service.runs).toBeGreaterThan(200);
  });

  it('run the whole method again on 40P01, a deadlock of two connections', async () => {
    await app.notes.add(tenant, 'a');
    await app.notes.add(tenant, 'b');
    let waiting = 0;
    let open = (): void => undefined;
    const both = new Promise<void>((resolve) => (open = resolve));
    const meet = (): Promise<void> => {
      if (++waiting === 2) open();
      return both;
    };

    await Promise.all([service.touchBoth(tenant, ['a', 'b'], meet), service.touchBoth(tenant, ['b', 'a'], meet)]);

    expect(service.runs).toBe(3);
  });

  it('end in OptimisticLock when they are used up, with the cause kept', async () => {
    const failure = await service.alwaysConflicting().catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(OptimisticLock);
    expect((failure as OptimisticLock).cause).toBeInstanceOf(SerializationConflict);
    expect(service.runs).toBe(4);
  });

  it('end in SerializationConflict after deadlocks at READ COMMITTED: nothing the caller read is out of date', async () => {
    await expect(service.alwaysDeadlocked()).rejects.toMatchObject({ kind: 'conflict', retryAfterSeconds: 1 });
    expect(service.runs).toBe(4);
  });

  it('are not spent on anything else', async () => {
    await expect(service.refused()).rejects.toMatchObject({ code: 'invalid_input' });
    expect(service.runs).toBe(1);
  });

  it('are the outermost method’s business: a joined one cannot run again alone', async () => {
    await expect(app.transactions.run({ retries: 0 }, () => service.alwaysDeadlocked())).rejects.toThrow(
      SerializationConflict,
    );
    expect(service.runs).toBe(1);
  });
});
