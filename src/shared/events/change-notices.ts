import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Transactions } from '../database/index.js';
import { Rounds } from '../resilience/index.js';
import type { EventType } from './catalogue.js';
import { type ChangeNotice, ChangeNoticesRepository } from './change-notices.repository.js';
import { EventLog } from './event-log.js';

/** A feed hears of one subject at most so often. */
const PAUSE_MS = 1_000;
/** From a commit until the feed is told, where it was not told just before; changes of that time go together. */
const GATHER_MS = 50;
/** Finds what a node left that died before it told. */
const SWEEP_MS = 30_000;
const BATCH = 500;

/** What goes on between commits is in no transaction of theirs. */
const outside = AsyncLocalStorage.snapshot();

export type Announced = EventType<{ sequence: number }>;

/**
 * For what changes more often than its feed should tell, such as a document that many write at once: the feed gets an
 * event with the sequence reached, at most one a second for each subject, and always one for the last change.
 */
@Injectable()
export class ChangeNotices implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ChangeNotices.name);
  private readonly types = new Map<string, Announced>();
  private readonly sweep = new Rounds(
    () => this.announce(),
    SWEEP_MS,
    (error) => this.failed(error),
  );
  private timer?: NodeJS.Timeout | undefined;
  /** By `performance.now()`. */
  private lookAt = 0;
  private telling: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly repository: ChangeNoticesRepository,
    private readonly transactions: Transactions,
    private readonly events: EventLog,
  ) {}

  /** Says once how events of a type are made; stands in the constructor of the service that notes them. */
  declare(type: Announced): void {
    this.types.set(type.type, type);
  }

  /** In the transaction of the change: that a subject has reached `sequence`. A lower one than known changes nothing. */
  async note(tenantId: string, type: Announced, notice: Omit<ChangeNotice, 'tenantId' | 'eventType'>): Promise<void> {
    await this.repository.note({ ...notice, tenantId, eventType: type.type });
    await this.noted();
  }

  /** The same where the caller's own statement has written the note. */
  noted(): Promise<void> {
    return this.transactions.afterCommit(() => this.soon());
  }

  onApplicationBootstrap(): void {
    this.sweep.begin(GATHER_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.telling;
    await this.sweep.stop();
  }

  private soon(afterMs = GATHER_MS): void {
    const at = performance.now() + afterMs;
    // A subject that was quiet does not wait for the next turn of a busy one.
    if (this.stopped || (this.timer && this.lookAt <= at)) return;
    clearTimeout(this.timer);
    this.lookAt = at;
    this.timer = outside(() => setTimeout(() => this.look(), afterMs)).unref();
  }

  private look(): void {
    this.timer = undefined;
    this.telling = this.telling.then(() => this.announce()).catch((error: unknown) => this.failed(error));
  }

  private async announce(): Promise<void> {
    const types = [...this.types.keys()];
    let told = 0;
    for (const tenantId of await this.repository.tenantsDue(types, PAUSE_MS)) {
      if (this.stopped) return;
      try {
        told += await this.tell(tenantId, types);
      } catch (error) {
        // The next tenant is none the worse for it.
        this.failed(error);
      }
    }
    const wait = await this.repository.nextDueIn(types, PAUSE_MS);
    if (wait === undefined) return;
    // Where nothing could be told that was due, somebody else is at it.
    this.soon(wait <= 0 && told === 0 ? PAUSE_MS : Math.max(GATHER_MS, wait));
  }

  /** One transaction a tenant: its feeds are locked until the end. */
  private async tell(tenantId: string, types: readonly string[]): Promise<number> {
    return this.transactions.run({}, async () => {
      const taken = await this.repository.takeDue(tenantId, types, PAUSE_MS, BATCH);
      for (const { eventType, feedId, subjectId, actorId, sequence } of taken) {
        const event = this.types.get(eventType);
        if (event) this.events.append(tenantId, event({ feedId, subjectId, actorId, data: { sequence } }));
      }
      return taken.length;
    });
  }

  private failed(error: unknown): void {
    this.logger.warn({ msg: 'changes could not be announced and will be later', err: error });
    this.soon(PAUSE_MS);
  }
}
