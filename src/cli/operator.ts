import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { pino } from 'pino';
import { MIGRATIONS } from '../../migrations/index.js';
import { AppModule } from '../app.module.js';
import { loadConfig } from '../config.js';
import { openDatabase } from '../server.js';
import { Migrator } from '../shared/database/index.js';
import { Conflict } from '../shared/errors/index.js';
import { createLogger, type Logger, NestLog } from '../shared/logging/index.js';

/** Standard output belongs to the answer; the log of what runs meanwhile goes beside it. */
const quietLog = (): Logger => createLogger({ level: 'error', destination: pino.destination({ fd: 2, sync: true }) });

export interface OpenedDatabase {
  url: string;
  migrator: Migrator;
}

/** The configured or the embedded database itself, without a server. */
export async function withDatabase<T>(work: (database: OpenedDatabase) => Promise<T>): Promise<T> {
  const database = await openDatabase(loadConfig(), quietLog());
  const url = database.servers.directUrl;
  try {
    return await work({ url, migrator: new Migrator({ url, migrations: MIGRATIONS }) });
  } finally {
    await database.stop();
  }
}

/** The whole application on the configured or embedded database, with nothing listening. */
export async function withApplication<T>(work: (app: INestApplicationContext) => Promise<T>): Promise<T> {
  const config = loadConfig();
  const logger = quietLog();
  const database = await openDatabase(config, logger);
  try {
    await assertMigrated(database.servers.directUrl);
    const app = await NestFactory.createApplicationContext(AppModule.forRoot(config, database.servers), {
      logger: new NestLog(logger),
      abortOnError: false,
    });
    try {
      return await work(app);
    } finally {
      await app.close();
    }
  } finally {
    await database.stop();
  }
}

async function assertMigrated(url: string): Promise<void> {
  const { pending } = await new Migrator({ url, migrations: MIGRATIONS }).status();
  if (pending.length === 0) return;
  throw new Conflict('migrations_pending', `The database lacks ${pending.length} migrations; run: muster migrate up`, {
    pending,
  });
}
