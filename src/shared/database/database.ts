import { Injectable } from '@nestjs/common';
import { DataSource, type EntityMetadata, type EntityTarget, type ObjectLiteral } from 'typeorm';
import type { ClientBase } from 'pg';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { from as copyFrom } from 'pg-copy-streams';
import { CircuitBreaker } from '../resilience/index.js';
import { ambientTransaction } from './ambient.js';
import { fastTypes } from './fast-types.js';

type Row = Record<string, unknown>;

/** Whether a pooler stands before the server, which may give each transaction another connection. */
export abstract class Pooler {
  abstract readonly present: boolean;
}

/** A statement of the hot path. */
export interface HotStatement {
  /** Names the text: it is prepared under this name, once a connection. */
  name: string;
  text: string;
}

/**
 * The write handle and the read handle of one data source. Both join the running transaction; outside one, `query` asks
 * the primary and `read` a replica, where there is one.
 */
@Injectable()
export class Database {
  constructor(
    readonly dataSource: DataSource,
    readonly breaker: CircuitBreaker,
    private readonly pooler: Pooler,
  ) {}

  query<T = Row>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    return this.rows('master', sql, values);
  }

  read<T = Row>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    return this.rows('slave', sql, values);
  }

  /**
   * Rows of a hot statement on the primary, each as the values of its columns in order. Where no pooler is, it is parsed
   * and planned once a connection, not with each call.
   */
  async hot({ name, text }: HotStatement, values: readonly unknown[]): Promise<unknown[][]> {
    const runner = this.dataSource.createQueryRunner('master');
    try {
      const query = { text, rowMode: 'array', types: fastTypes, ...(!this.pooler.present && { name }) };
      // TypeORM hands what it is given on to the driver, which takes a description as well as a text.
      const result = await runner.query(query as unknown as string, [...values], true);
      return (result.records ?? []) as unknown[][];
    } finally {
      await runner.release();
    }
  }

  /** Streams `lines` of PostgreSQL's text format into `COPY … FROM STDIN`; belongs inside a transaction. */
  async copy(sql: string, lines: Iterable<string>): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await this.breaker.execute(async () => {
        const client = (await runner.connect()) as ClientBase;
        await pipeline(Readable.from(chunks(lines)), client.query(copyFrom(sql)));
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

const CHUNK_LENGTH = 1 << 16;

/** Lines put together: a write for each costs more than the line. */
function* chunks(lines: Iterable<string>): Generator<string> {
  let chunk = '';
  for (const line of lines) {
    chunk += line;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk) yield chunk;
}
