import { randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import type { Carrier } from '../../examples/in-process/carrier.js';
import { OrdersService } from '../../examples/in-process/orders.service.js';
import { SHOP } from '../../examples/in-process/shop.js';
import { ShopModule } from '../../examples/in-process/shop.module.js';
import {
  type Caller,
  ClaimsRepository,
  createLogger,
  EventLog,
  Metrics,
  NestLog,
  type Task,
  TasksService,
  Transactions,
  type WorkerOptions,
  WorkspacesService,
} from '../../src/index.js';
import { query } from './database.js';

export type Shop = Awaited<ReturnType<typeof openShop>>;

/** A call of the carrier, which the test answers. */
export interface Booking {
  reference: string;
  signal: AbortSignal;
  answer(trackingCode: string): void;
  refuse(error: Error): void;
}

/** A carrier whose bookings wait for the test. */
export function slowCarrier(): Carrier & { bookings: Booking[] } {
  const bookings: Booking[] = [];
  const book = (reference: string, signal: AbortSignal) =>
    new Promise<string>((answer, refuse) => bookings.push({ reference, signal, answer, refuse }));
  return { bookings, book };
}

/** The example as it runs, with a tenant of its own unless one is given. */
export async function openShop(
  databaseUrl: string,
  {
    carrier,
    worker,
    tenant = `t-${randomUUID().slice(0, 18)}-shop`,
  }: { carrier?: Carrier; worker?: Partial<WorkerOptions>; tenant?: string } = {},
) {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: 'warn',
    destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const app = await NestFactory.createApplicationContext(
    ShopModule.forRoot({
      databaseUrl,
      tenant,
      ...(carrier && { carrier }),
      worker: { shutdownGraceMs: 200, ...worker },
    }),
    { logger: new NestLog(logger), abortOnError: false },
  );
  const caller = app.get<Caller>(SHOP);
  const tasks = app.get(TasksService);
  const workspace = await app.get(WorkspacesService).ensureDefault(caller.tenantId);
  return {
    app,
    tenant,
    caller,
    lines,
    orders: app.get(OrdersService),
    tasks,
    transactions: app.get(Transactions),
    task: (id: string): Promise<Task> => tasks.get(caller, id),
    /** What happened to a task, in order. */
    events: async (taskId: string): Promise<string[]> => {
      const { events } = await app.get(EventLog).read(caller.tenantId, workspace.id, { limit: 1_000 });
      return events.filter(({ subjectId }) => subjectId === taskId).map(({ type }) => type);
    },
    /** How many tasks ended so, as the worker counts. */
    outcome: (outcome: string): Promise<number> => countOf(app.get(Metrics), outcome),
    /** What is committed. */
    committed: <T>(sql: string, ...values: unknown[]): Promise<T[]> => query<T>(databaseUrl, sql, values),
    /** Takes the lease away, as when no heartbeat had come in time. */
    expire: async (taskId: string): Promise<void> => {
      const sql = "UPDATE tasks SET lease_expires_at = now() - interval '1 hour' WHERE id = $1";
      await query(databaseUrl, sql, [taskId]);
      const { epoch } = await tasks.get(caller, taskId);
      const end = { outcome: 'expired', error: null, retryable: true, actorId: 'sweeper' } as const;
      await app.get(ClaimsRepository).endAttempt(caller.tenantId, { taskId, epoch, ...end });
    },
    close: () => app.close(),
  };
}

/** Tasks of a worker by outcome. */
export async function countOf({ registry }: Metrics, outcome: string): Promise<number> {
  const text = await registry.getSingleMetricAsString('muster_worker_tasks_total');
  const found = [...text.matchAll(new RegExp(`outcome="${outcome}"} (\\d+)`, 'g'))];
  return found.reduce((sum, [, count]) => sum + Number(count), 0);
}
