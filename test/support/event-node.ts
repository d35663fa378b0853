import { randomUUID } from 'node:crypto';
import { type LoggerService, type Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DatabaseModule, Transactions, type TransactionOptions } from '../../src/shared/database/index.js';
import {
  Consumers,
  EventLog,
  EventMaintenance,
  EventsModule,
  type EventsOptions,
  Leadership,
  type NewEvent,
  Wakeups,
} from '../../src/shared/events/index.js';
import { Metrics, MetricsModule } from '../../src/shared/metrics/index.js';
import { query } from './database.js';

class LogBook implements LoggerService {
  readonly lines: Record<string, unknown>[] = [];
  readonly log = (message: unknown): number => this.keep('log', message);
  readonly error = (message: unknown): number => this.keep('error', message);
  readonly warn = (message: unknown): number => this.keep('warn', message);

  private keep(level: string, message: unknown): number {
    return this.lines.push({ level, ...(typeof message === 'object' ? message : { msg: message }) });
  }
}

export interface NodeOptions extends Partial<EventsOptions> {
  /** Declares consumers and the like before the node starts. */
  prepare?: (parts: { consumers: Consumers; log: EventLog; transactions: Transactions }) => void;
  providers?: Provider[];
  poolSize?: number;
}

export type EventNode = Awaited<ReturnType<typeof startNode>>;

/** One node's database and event layers, as an application has them, on a migrated database. */
export async function startNode(url: string, { prepare, providers, poolSize, ...options }: NodeOptions = {}) {
  const logBook = new LogBook();
  const module = await Test.createTestingModule({
    imports: [
      MetricsModule.forRoot({ process: false }),
      DatabaseModule.forRoot({ url, acquireTimeoutMs: 20_000, ...(poolSize ? { poolSize } : {}) }),
      EventsModule.forRoot({ databaseUrl: url, ...options }),
    ],
    providers: providers ?? [],
  })
    .setLogger(logBook)
    .compile();
  const parts = {
    consumers: module.get(Consumers),
    log: module.get(EventLog),
    transactions: module.get(Transactions),
  };
  prepare?.(parts);
  await module.init();

  return {
    module,
    url,
    ...parts,
    wakeups: module.get(Wakeups),
    leadership: module.get(Leadership),
    maintenance: module.get(EventMaintenance),
    metrics: module.get(Metrics),
    logged: logBook.lines,
    /** Appends events in a transaction of their own. */
    append: (feed: Feed, events: NewEvent[], with_: TransactionOptions = {}): Promise<void> =>
      parts.transactions.run(with_, () => Promise.resolve(parts.log.append(feed.tenantId, ...events))),
    close: () => module.close(),
  };
}

/** Two nodes on one database, which do nothing by themselves. */
export const startTwoNodes = (url: string, options: NodeOptions = {}): Promise<[EventNode, EventNode]> =>
  Promise.all([startNode(url, { background: false, ...options }), startNode(url, { background: false, ...options })]);

export interface Feed {
  tenantId: string;
  feedId: string;
}

/** A feed of its own, of a new tenant unless one is given. */
export async function aFeed(url: string, tenantId: string = randomUUID()): Promise<Feed> {
  const feedId = randomUUID();
  await query(url, 'INSERT INTO feeds (tenant_id, id) VALUES ($1, $2)', [tenantId, feedId]);
  return { tenantId, feedId };
}

export const anEvent = ({ feedId }: Feed, n = 0, type = 'note.written'): NewEvent => ({
  feedId,
  type,
  subjectType: 'note',
  subjectId: randomUUID(),
  actorId: 'ada',
  data: { n },
});

export const someEvents = (feed: Feed, count: number, type?: string): NewEvent[] =>
  Array.from({ length: count }, (_, n) => anEvent(feed, n, type));

/** The numbers of a feed as everybody sees them. */
export async function numbersOf(url: string, { tenantId, feedId }: Feed): Promise<number[]> {
  const sql = 'SELECT seq::int AS seq FROM events WHERE tenant_id = $1 AND feed_id = $2 ORDER BY seq';
  return (await query<{ seq: number }>(url, sql, [tenantId, feedId])).map(({ seq }) => seq);
}

export const oneTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);
