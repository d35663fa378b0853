import { randomUUID } from 'node:crypto';
import { Injectable, type LoggerService, type Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Column, DataSource, Entity, PrimaryColumn, Repository, VersionColumn } from 'typeorm';
import {
  AggregateRepository,
  Database,
  DatabaseModule,
  type DatabaseOptions,
  Operation,
  Persistence,
  Transactions,
} from '../../src/shared/database/index.js';
import { Metrics, MetricsModule } from '../../src/shared/metrics/index.js';
import { CircuitBreaker } from '../../src/shared/resilience/index.js';
import { query, scratchDatabase } from './database.js';

/** The smallest aggregate, for tests of the layers below the real ones. */
@Entity('notes')
export class Note {
  @PrimaryColumn('uuid', { name: 'tenant_id' }) tenantId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('text') title: string;
  @Column('int', { name: 'page_count' }) pageCount: number;
  @Column('uuid', { name: 'parent_id', nullable: true }) parentId: string | null;
  @VersionColumn() version: number;
}

const TABLE = `CREATE TABLE notes (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  title text NOT NULL,
  page_count int NOT NULL DEFAULT 0 CONSTRAINT notes_page_count_positive CHECK (page_count >= 0),
  parent_id uuid,
  version int NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT notes_title_unique UNIQUE (tenant_id, title),
  CONSTRAINT notes_parent FOREIGN KEY (tenant_id, parent_id) REFERENCES notes (tenant_id, id)
    DEFERRABLE INITIALLY IMMEDIATE
)`;

@Injectable()
export class NotesRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  @Operation()
  async add(tenantId: string, title: string, pageCount = 0): Promise<string> {
    const id = randomUUID();
    const sql = 'INSERT INTO notes (tenant_id, id, title, page_count) VALUES ($1, $2, $3, $4)';
    await this.query(sql, [tenantId, id, title, pageCount]);
    return id;
  }

  @Operation()
  async titles(tenantId: string): Promise<string[]> {
    const rows = await this.read<Note>('SELECT title FROM notes WHERE tenant_id = $1 ORDER BY title', [tenantId]);
    return rows.map((note) => note.title);
  }

  /** Any statement, through the interceptor. */
  @Operation()
  run(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return this.query(sql, values);
  }
}

@Injectable()
export class OrdinaryRepository {
  constructor(
    @InjectRepository(Note) readonly notes: Repository<Note>,
    readonly dataSource: DataSource,
  ) {}
}

/** Keeps what is logged instead of showing it: many tests provoke errors. */
class LogBook implements LoggerService {
  readonly lines: Record<string, unknown>[] = [];
  readonly log = (): void => undefined;
  readonly error = this.keeper('error');
  readonly warn = this.keeper('warn');

  private keeper(level: string): (message: unknown) => void {
    return (message) => this.lines.push({ level, ...(typeof message === 'object' ? message : { msg: message }) });
  }
}

export const aNote = (tenantId: string, title: string = randomUUID()): Note =>
  Object.assign(new Note(), { tenantId, id: randomUUID(), title, pageCount: 0 });

/** A database with an empty table of notes. */
export async function notesDatabase(): Promise<string> {
  const url = await scratchDatabase({ empty: true });
  await query(url, TABLE);
  return url;
}

export type Notebook = Awaited<ReturnType<typeof openNotes>>;

/** The database layer as an application has it, on a database of `notesDatabase`. */
export async function openNotes(options: DatabaseOptions, providers: Provider[] = []) {
  const logBook = new LogBook();
  const module = await Test.createTestingModule({
    imports: [
      MetricsModule.forRoot({ process: false }),
      DatabaseModule.forRoot({ acquireTimeoutMs: 20_000, ...options }),
      TypeOrmModule.forFeature([Note]),
    ],
    providers: [NotesRepository, OrdinaryRepository, ...providers],
  })
    .setLogger(logBook)
    .compile();
  await module.init();
  return {
    module,
    url: options.url,
    logged: logBook.lines,
    database: module.get(Database),
    transactions: module.get(Transactions),
    breaker: module.get(CircuitBreaker),
    metrics: module.get(Metrics),
    notes: module.get(NotesRepository),
    ordinary: module.get(OrdinaryRepository),
    /** Titles as everybody sees them, that is committed ones. */
    committed: async (tenantId: string): Promise<string[]> => {
      const sql = 'SELECT title FROM notes WHERE tenant_id = $1 ORDER BY title';
      return (await query<{ title: string }>(options.url, sql, [tenantId])).map((note) => note.title);
    },
    close: () => module.close(),
  };
}
