import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Transactional } from '../../src/shared/database/index.js';
import { InvalidTransaction } from '../../src/shared/errors/index.js';
import { query } from '../support/database.js';
import { type Notebook, notesDatabase, NotesRepository, openNotes } from '../support/notes.js';

@Injectable()
class Service {
  constructor(private readonly notes: NotesRepository) {}

  @Transactional({ readOnly: true })
  titles(tenant: string): Promise<string[]> {
    return this.notes.titles(tenant);
  }

  @Transactional({ readOnly: true, readYourWrites: true })
  ownTitles(tenant: string): Promise<string[]> {
    return this.notes.titles(tenant);
  }

  @Transactional({ readOnly: true })
  add(tenant: string): Promise<string> {
    return this.notes.add(tenant, 'x');
  }
}

/** The "replica" is a database of its own with other data, so that it shows where a read went. */
describe('read-only transactions and replicas [S3] [S9]', () => {
  let app: Notebook;
  let service: Service;
  const tenant = randomUUID();

  beforeAll(async () => {
    const [url, replica] = await Promise.all([notesDatabase(), notesDatabase()]);
    app = await openNotes({ url, replicaUrls: [replica] }, [Service]);
    service = app.module.get(Service);
    const sql = 'INSERT INTO notes (tenant_id, id, title) VALUES ($1, gen_random_uuid(), $2)';
    await query(url, sql, [tenant, 'on the primary']);
    await query(replica, sql, [tenant, 'on the replica']);
  });
  afterAll(() => app.close());

  it('reads from a replica', async () => {
    expect(await service.titles(tenant)).toEqual(['on the replica']);
  });

  it('reads from the primary for a caller that must see its own writes', async () => {
    expect(await service.ownTitles(tenant)).toEqual(['on the primary']);
  });

  it('reads from the primary inside a writing transaction', async () => {
    const titles = await app.transactions.run({}, () => service.titles(tenant));

    expect(titles).toEqual(['on the primary']);
  });

  it('has two handles: reads go to a replica, everything else to the primary [S3]', async () => {
    const sql = 'SELECT title FROM notes WHERE tenant_id = $1';
    expect(await app.database.read(sql, [tenant])).toEqual([{ title: 'on the replica' }]);
    expect(await app.database.query(sql, [tenant])).toEqual([{ title: 'on the primary' }]);
  });

  it('begins by hand on the write handle [S8]', async () => {
    await using transaction = await app.notes.beginTx();
    const [row] = await transaction.query('SELECT title FROM notes WHERE tenant_id = $1', [tenant]);

    expect(row).toEqual({ title: 'on the primary' });
  });

  it('refuses writes', async () => {
    await expect(service.add(tenant)).rejects.toThrow(InvalidTransaction);
    await expect(
      app.transactions.run({ readOnly: true, readYourWrites: true }, () => app.notes.add(tenant, 'x')),
    ).rejects.toThrow(InvalidTransaction);
  });

  it('refuses a method that must write inside a read-only one', async () => {
    const writing = app.transactions.run({ readOnly: true }, () =>
      app.transactions.run({ readOnly: false }, () => app.notes.titles(tenant)),
    );

    await expect(writing).rejects.toThrow(InvalidTransaction);
  });
});
