import { randomUUID } from 'node:crypto';
import { Column, type DataSource, Entity, PrimaryColumn, VersionColumn } from 'typeorm';
import { assignments, createDataSource, entityReviver, rowMapper } from '../../src/shared/database/index.js';
import { InvalidInput } from '../../src/shared/errors/index.js';
import { workerDatabase } from '../support/database.js';

const SIZES = ['small', 'large'];

@Entity('crates')
class Crate {
  @PrimaryColumn('uuid', { name: 'tenant_id' }) tenantId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('bigint', { name: 'gross_weight' }) grossWeight: number;
  @Column('smallint', {
    transformer: { to: (size: string) => SIZES.indexOf(size), from: (rank: number) => SIZES[rank] },
  })
  size: string;
  @Column('text', { array: true }) tags: string[];
  @Column('jsonb', { nullable: true }) contents: unknown;
  @Column('timestamptz', { name: 'packed_at', nullable: true }) packedAt: Date | null;
  @VersionColumn() version: number;
}

describe('rows and entities', () => {
  let dataSource: DataSource;
  beforeAll(
    async () => (dataSource = await createDataSource({ url: workerDatabase(), poolSize: 1 }, [Crate]).initialize()),
  );
  afterAll(() => dataSource.destroy());

  const metadata = () => dataSource.getMetadata(Crate);
  const crate = Object.assign(new Crate(), {
    tenantId: randomUUID(),
    id: randomUUID(),
    grossWeight: 9_007_199_254_740_991,
    size: 'large',
    tags: ['fragile', 'a,"b"\\'],
    contents: [{ cups: 6 }, null],
    packedAt: new Date('2026-01-31T09:30:00.123Z'),
    version: 3,
  });
  const row = async (contents: unknown, packedAt: Date | null): Promise<Record<string, unknown>> => {
    const rows: Record<string, unknown>[] = await dataSource.query(
      `SELECT $1::uuid AS tenant_id, $2::uuid AS id, $3::bigint AS gross_weight, 1::smallint AS size, $4::text[] AS tags,
         $5::jsonb AS contents, $6::timestamptz(3) AS packed_at, 3 AS version, 'x' AS unknown_column`,
      [crate.tenantId, crate.id, String(crate.grossWeight), crate.tags, contents, packedAt],
    );
    return rows[0] ?? {};
  };

  it('maps a row to an entity of its class', async () => {
    const mapped = rowMapper<Crate>(metadata())(await row(JSON.stringify(crate.contents), crate.packedAt));

    expect(mapped).toStrictEqual(crate);
  });

  it('keeps NULL, and leaves what was not selected undefined', async () => {
    const { tags: _, ...partial } = await row(null, null);
    const mapped = rowMapper<Crate>(metadata())(partial);

    expect(mapped).toMatchObject({ contents: null, packedAt: null });
    expect(mapped.tags).toBeUndefined();
  });

  it('revives an entity that went through JSON', () => {
    const revive = entityReviver<Crate>(metadata());

    expect(revive(JSON.parse(JSON.stringify(crate)))).toStrictEqual(crate);
    const empty = Object.assign(new Crate(), { ...crate, contents: null, packedAt: null });
    expect(revive(JSON.parse(JSON.stringify(empty)))).toStrictEqual(empty);
  });

  it.each([[undefined], ['text'], [{}], [{ ...crate, version: undefined }], [{ ...crate, packedAt: 'yesterday' }]])(
    'refuses to revive %j [S26]',
    (stored) => {
      expect(() => entityReviver<Crate>(metadata())(stored)).toThrow(TypeError);
    },
  );

  it('binds the values of a patch, in the form they are stored in [S43]', async () => {
    const values: unknown[] = ['first'];
    const sql = assignments(
      metadata(),
      { size: 'small', contents: crate.contents, tags: ['a'], packedAt: undefined },
      values,
    );

    expect(sql).toBe('"size" = $2, "contents" = $3, "tags" = $4');
    expect(values).toEqual(['first', 0, JSON.stringify(crate.contents), ['a']]);
    const nothing: unknown[] = [];
    expect(assignments(metadata(), { contents: null }, nothing)).toBe('"contents" = $1');
    expect(nothing).toEqual([null]);
  });

  it('takes only properties of the entity for columns [S87]', () => {
    expect(() => assignments(metadata(), { 'size" = 0; --': 1 }, [])).toThrow(InvalidInput);
    expect(() => assignments(metadata(), { gross_weight: 1 }, [])).toThrow(InvalidInput);
  });
});
