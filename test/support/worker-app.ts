import { randomUUID } from 'node:crypto';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  type Caller,
  createLogger,
  type CreateTask,
  Metrics,
  MusterModule,
  NestLog,
  type Task,
  TasksService,
  TenantsService,
  Transactions,
  Worker,
  WorkerModule,
  type WorkerOptions,
  WorkspacesService,
} from '../../src/index.js';
import { workerDatabase } from './database.js';
import { countOf } from './shop.js';
import { until } from './until.js';

export type WorkerApp = Awaited<ReturnType<typeof startWorkerApp>>;

interface WorkerAppOptions {
  databaseUrl?: string;
  worker?: Partial<WorkerOptions>;
}

/** Where the application's settings come from, as from a configuration module. */
class Settings {
  databaseUrl: string;
}

/** A tenant of its own, made by an application that has no worker, as another process would. */
export async function aTenant(databaseUrl = workerDatabase()): Promise<Caller> {
  const app = await NestFactory.createApplicationContext(MusterModule.forRoot({ databaseUrl, migrate: false }), {
    logger: false,
    abortOnError: false,
  });
  try {
    const { id: tenantId } = await app.get(TenantsService).create(`t-${randomUUID().slice(0, 18)}-test`);
    await app.get(WorkspacesService).ensureDefault(tenantId);
    return { tenantId, actorId: 'test', scopes: ['admin'] };
  } finally {
    await app.close();
  }
}

/** An application with the given handlers and a worker, for a tenant of `aTenant`. */
export async function startWorkerApp(caller: Caller, handlers: Type[], options: WorkerAppOptions = {}) {
  const settings: Settings = { databaseUrl: options.databaseUrl ?? workerDatabase() };

  @Module({ providers: [{ provide: Settings, useValue: settings }], exports: [Settings] })
  class SettingsModule {}

  @Module({
    imports: [
      MusterModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: ({ databaseUrl }: Settings) => ({ databaseUrl, migrate: false }),
      }),
      WorkerModule.forRoot({
        agent: { name: 'worker' },
        tenant: caller.tenantId,
        shutdownGraceMs: 200,
        ...options.worker,
      }),
    ],
    providers: handlers,
  })
  class WorkerAppModule {}

  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: 'warn',
    destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const app = await Test.createTestingModule({ imports: [WorkerAppModule] })
    .setLogger(new NestLog(logger))
    .compile();
  try {
    await app.init();
  } catch (error) {
    await app.close();
    throw error;
  }
  const tasks = app.get(TasksService);
  const get = (id: string): Promise<Task> => tasks.get(caller, id);
  return {
    app,
    lines,
    tasks,
    worker: app.get(Worker),
    transactions: app.get(Transactions),
    metrics: app.get(Metrics),
    get,
    create: (task: Partial<CreateTask> = {}): Promise<Task> =>
      tasks.create(caller, { type: 'work', title: 'Work', ...task }),
    /** The task, when it is so. */
    when: async (id: string, status: Task['status']): Promise<Task> => {
      await until(async () => (await get(id)).status === status, `${id} is ${status}`);
      return get(id);
    },
    outcome: (outcome: string): Promise<number> => countOf(app.get(Metrics), outcome),
    close: () => app.close(),
  };
}
