import { randomUUID } from 'node:crypto';
import { type Notebook, notesDatabase, openNotes } from '../support/notes.js';

const COPY = 'COPY notes (tenant_id, id, title) FROM STDIN';

describe('COPY', () => {
  let app: Notebook;
  let tenant: string;

  beforeAll(async () => (app = await openNotes({ url: await notesDatabase(), poolSize: 1 })));
  beforeEach(() => (tenant = randomUUID()));
  afterAll(() => app.close());

  function* lines(count: number, last?: () => string): Iterable<string> {
    for (let index = 0; index < count; index++) yield `${tenant}\t${randomUUID()}\tnote ${index}\n`;
    if (last) yield last();
  }
  const expectUsableConnection = async (): Promise<void> => {
    expect(await app.notes.titles(tenant)).toEqual([]);
    await app.notes.add(tenant, 'afterwards');
    expect(await app.committed(tenant)).toEqual(['afterwards']);
  };

  it('streams many rows [S92]', async () => {
    await app.transactions.run({}, () => app.database.copy(COPY, lines(20_000)));

    expect(await app.committed(tenant)).toHaveLength(20_000);
  });

  it('takes an empty stream', async () => {
    await app.transactions.run({}, () => app.database.copy(COPY, []));

    await expectUsableConnection();
  });

  it('keeps nothing when a row is refused, and the connection stays usable', async () => {
    const copying = app.transactions.run({}, () =>
      app.database.copy(
        COPY,
        lines(500, () => 'no uuid\tx\ty\n'),
      ),
    );

    await expect(copying).rejects.toMatchObject({ code: '22P02' });
    await expectUsableConnection();
  });

  it('keeps nothing when the source fails, and the connection stays usable', async () => {
    const failing = () => {
      throw new Error('the source failed');
    };
    const copying = app.transactions.run({}, () => app.database.copy(COPY, lines(500, failing)));

    await expect(copying).rejects.toThrow('the source failed');
    await expectUsableConnection();
  });

  it('keeps nothing when the source fails outside a transaction', async () => {
    const failing = () => {
      throw new Error('the source failed');
    };

    await expect(app.database.copy(COPY, lines(500, failing))).rejects.toThrow('the source failed');
    await expectUsableConnection();
  });
});
