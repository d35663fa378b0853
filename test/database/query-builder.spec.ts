import { randomUUID } from 'node:crypto';
import { QueryBuilder } from '../../src/shared/database/index.js';
import { InvalidInput } from '../../src/shared/errors/index.js';
import { Note, type Notebook, notesDatabase, openNotes } from '../support/notes.js';

describe('the query builder', () => {
  let app: Notebook;
  const tenant = randomUUID();
  const titles = ['a', 'b', 'c', 'd', 'e'];

  beforeAll(async () => {
    app = await openNotes({ url: await notesDatabase() });
    for (const [index, title] of titles.entries()) await app.notes.add(tenant, title, index);
    await app.notes.add(randomUUID(), 'of another tenant');
  });
  afterAll(() => app.close());

  const notes = (): QueryBuilder =>
    new QueryBuilder(app.database.metadata(Note), 'SELECT id, title FROM notes WHERE tenant_id = $1', [tenant]);
  const found = async (builder: QueryBuilder): Promise<unknown[]> => {
    const { text, values } = builder.build();
    return (await app.database.query(text, values)).map((row) => row.title);
  };

  it('numbers its values after those of the base [S84]', () => {
    const { text, values } = notes().addCondition('title', '=', 'a').addCondition('pageCount', '>', 3).build();

    expect(text).toBe('SELECT id, title FROM notes WHERE tenant_id = $1 AND "title" = $2 AND "page_count" > $3');
    expect(values).toEqual([tenant, 'a', 3]);
  });

  it('adds conditions by property, with the column’s own name [S85]', async () => {
    expect(await found(notes().addCondition('pageCount', '>=', 3).orderBy('title', 'asc'))).toEqual(['d', 'e']);
  });

  it('adds = ANY for lists: empty matches nothing, undefined everything [S86]', async () => {
    const { text } = notes().addInCondition('title', ['a', 'c']).build();
    expect(text).toContain('"title" = ANY($2)');
    expect(await found(notes().addInCondition('title', ['a', 'c', 'x']).orderBy('title', 'asc'))).toEqual(['a', 'c']);
    expect(await found(notes().addInCondition('title', []))).toEqual([]);
    expect(await found(notes().addInCondition('title', undefined))).toHaveLength(5);
  });

  it('builds a statement that runs [S87]', async () => {
    expect(await found(notes().orderBy('page_count', 'desc').limit(2, 1))).toEqual(['d', 'c']);
  });

  it('limits and skips only by positive numbers [S42]', async () => {
    expect(await found(notes().limit(0, 0))).toHaveLength(5);
    expect(await found(notes().limit(undefined))).toHaveLength(5);
    expect(await found(notes().limit(-1, -1))).toHaveLength(5);
    expect(await found(notes().orderBy('title', 'asc').limit(3))).toEqual(['a', 'b', 'c']);
  });

  it.each(['asc', 'desc'] as const)('walks pages by keyset, %s, each row once', async (direction) => {
    const seen: unknown[] = [];
    for (let after: [unknown, string] | undefined; ;) {
      const { text, values } = notes().orderBy('title', direction, after).limit(2).build();
      const rows = await app.database.query<{ id: string; title: string }>(text, values);
      const last = rows.at(-1);
      if (!last) break;
      seen.push(...rows.map((row) => row.title));
      after = [last.title, last.id];
    }

    expect(seen).toEqual(direction === 'asc' ? titles : [...titles].reverse());
  });

  it('binds values that are SQL [S43]', async () => {
    const hostile = `'; DROP TABLE notes; --`;
    expect(await found(notes().addCondition('title', '=', hostile))).toEqual([]);
    expect(await found(notes().addInCondition('title', [hostile, 'a']))).toEqual(['a']);
    expect(await found(notes().addClause('title = ? OR title = ?', hostile, 'b'))).toEqual(['b']);
  });

  it.each([
    'title"; DROP TABLE notes; --',
    'title = title OR 1',
    '1; SELECT 1',
    'page_count',
    'TITLE',
    'no_such',
    '',
    '__proto__',
    'constructor',
    'toString',
    'title) --',
    'ｔitle',
    'title\0',
  ])('takes only properties of the entity for columns, not %j', (name) => {
    expect(() => notes().addCondition(name, '=', 1)).toThrow(InvalidInput);
    expect(() => notes().addInCondition(name, [1])).toThrow(InvalidInput);
  });

  it('keeps each clause a condition of its own beside the tenant', async () => {
    expect(await found(notes().addClause(`title = 'a' OR true`).orderBy('title', 'asc'))).toEqual(titles);
  });

  it('takes no direction or comparison but its own', () => {
    const hostile = 'asc; DROP TABLE notes' as 'asc';
    expect(() => notes().orderBy('title', hostile)).toThrow(InvalidInput);
    expect(() => notes().addCondition('title', '= 1 OR' as '=', 1)).toThrow(InvalidInput);
  });
});
