import { Injectable } from '@nestjs/common';
import { DataSource, type EntityMetadata, type EntityTarget, type ObjectLiteral } from 'typeorm';
import type { ClientBase } from 'pg';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { from as copyFrom } from 'pg-copy-streams';
import { CircuitBreaker } from '../resilience/index.js';
import { ambientTransaction } from './ambient.js';

type Row = Record<string, unknown>;

/**
 * The write handle and the read handle of one data source. Both join the running transaction; outside one, `query` asks
 * the primary and `read` a replica, where there is one.
 */
@Injectable()
export class Database {
  constructor(
    readonly dataSource: DataSource,
    readonly breaker: CircuitBreaker,
  ) {}

  query<T = Row>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    return this.rows('master', sql, values);
  }

  read<T = Row>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    return this.rows('slave', sql, values);
  }

  /** Streams `lines` of PostgreSQL's text format into `COPY … FROM STDIN`; belongs inside a transaction. */
  async copy(sql: string, lines: Iterable<string>): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await this.breaker.execute(async () => {
        const client = (await runner.connect()) as ClientBase;
        await pipeline(Readable.from(lines), client.query(copyFrom(sql)));
      });
    } finally {
      await runner.release();
    }
  }

  metadata(entity: EntityTarget<ObjectLiteral>): EntityMetadata {
    return this.dataSource.getMetadata(entity);
  }

  /** Whether the running code is in a transaction of this data source. */
  get inTransaction(): boolean {
    return ambientTransaction()?.dataSource === this.dataSource;
  }

  private async rows<T>(mode: 'master' | 'slave', sql: string, values: readonly unknown[]): Promise<T[]> {
    const runner = this.dataSource.createQueryRunner(mode);
    try {
      // Structured, because TypeORM otherwise answers rows for SELECT and [rows, count] for UPDATE and DELETE.
      const result = await runner.query(sql, [...values], true);
      return (result.records ?? []) as T[];
    } finally {
      await runner.release();
    }
  }
}
