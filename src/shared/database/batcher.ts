import { AsyncLocalStorage } from 'node:async_hooks';
import { DomainError } from '../errors/index.js';
import { isAnswer, isInfrastructureFailure, isSerializationFailure } from './error-mapper.js';
import { Overloaded } from './overloaded.js';

/** What one item of a batch came to: its value, or the refusal that is its own. */
export type Outcome<O> = { value: O } | { error: unknown };

export interface BatcherOptions<I, O> {
  operation: string;
  /**
   * One statement for all items, answered item by item in order. When the statement fails, and was thus undone, it throws
   * the database's error or a domain error; any other error comes from after it and rejects all items.
   */
  flush(tenantId: string, items: I[]): Promise<Outcome<O>[]>;
  /** Items of different queues are never merged; one queue a tenant unless given. */
  queueOf?(item: I): string;
  /** Statements of one queue under way at once. Claims use one, or they would skip each other's locked rows. */
  lanes?: number;
  /** About how many bytes the item has. Statements and waiting items are bounded by their sum as well. */
  weigh?(item: I): number;
  /** Items of one statement. */
  maxSize?: number;
  /** Items that may wait per tenant before the next is refused with Overloaded. */
  maxWaiting?: number;
  onFlush?(size: number): void;
  /** A statement begins; its first item has waited for so long. */
  onTake?(waitedMs: number): void;
}

interface Waiting<I, O> {
  item: I;
  weight: number;
  /** By `performance.now()`. */
  since: number;
  resolve(value: O): void;
  reject(error: unknown): void;
}

interface Queue<I, O> {
  readonly tenantId: string;
  readonly key: string;
  waiting: Waiting<I, O>[];
  weight: number;
  running: number;
}

const SERIALIZATION_TRIES = 5;
const MAX_FLUSH_BYTES = 8 << 20;
const MAX_WAITING_BYTES = 64 << 20;

/** A statement serves many callers and belongs to none: it runs in no transaction, trace or log context of theirs. */
const outside = AsyncLocalStorage.snapshot();

/**
 * Merges concurrent calls of one operation into one statement. While a flush is under way the next callers gather, so
 * an idle node answers a single call at once and a busy one pays one commit for many. A caller is answered after the
 * commit of its own batch, with its own result or its own error.
 */
export class Batcher<I, O> {
  private readonly queues = new Map<string, Queue<I, O>>();
  private readonly lanes: number;
  private readonly maxSize: number;
  private readonly maxWaiting: number;

  constructor(private readonly options: BatcherOptions<I, O>) {
    this.lanes = options.lanes ?? 2;
    this.maxSize = options.maxSize ?? 256;
    this.maxWaiting = options.maxWaiting ?? 20_000;
  }

  add(tenantId: string, item: I): Promise<O> {
    const key = `${tenantId} ${this.options.queueOf?.(item) ?? ''}`;
    let queue = this.queues.get(key);
    if (!queue) this.queues.set(key, (queue = { tenantId, key, waiting: [], weight: 0, running: 0 }));
    const { waiting } = queue;
    const { operation } = this.options;
    const weight = this.options.weigh?.(item) ?? 0;
    const full = waiting.length >= this.maxWaiting || queue.weight + weight > MAX_WAITING_BYTES;
    if (full && waiting.length > 0) {
      return Promise.reject(new Overloaded(operation, `${waiting.length} calls of ${operation} are waiting already`));
    }
    queue.weight += weight;
    return new Promise<O>((resolve, reject) => {
      waiting.push({ item, weight, since: performance.now(), resolve, reject });
      // After the current turn of the event loop: callers that start together end up in one statement.
      if (waiting.length === 1) setImmediate(() => outside(() => this.pump(queue)));
    });
  }

  private pump(queue: Queue<I, O>): void {
    while (queue.running < this.lanes && queue.waiting.length > 0) {
      const batch = this.take(queue);
      if (batch[0]) this.options.onTake?.(performance.now() - batch[0].since);
      queue.running++;
      void this.settle(queue.tenantId, batch).finally(() => {
        queue.running--;
        if (queue.running === 0 && queue.waiting.length === 0) this.queues.delete(queue.key);
        else this.pump(queue);
      });
    }
  }

  /** The next items of one statement: at least one, then as many as fit. */
  private take(queue: Queue<I, O>): Waiting<I, O>[] {
    let size = 0;
    let bytes = 0;
    for (const { weight } of queue.waiting) {
      if (size >= this.maxSize || (size > 0 && bytes + weight > MAX_FLUSH_BYTES)) break;
      size++;
      bytes += weight;
    }
    queue.weight -= bytes;
    return queue.waiting.splice(0, size);
  }

  private async settle(tenantId: string, batch: Waiting<I, O>[], tries = 0): Promise<void> {
    const items = batch.map((waiting) => waiting.item);
    let outcomes: Outcome<O>[];
    try {
      outcomes = await this.options.flush(tenantId, items);
    } catch (error) {
      return this.recover(error, tenantId, batch, tries);
    }
    // Outside the try: the statement is committed, and whatever fails from here on must not run it again.
    batch.forEach((waiting, index) => {
      const outcome = outcomes[index];
      if (outcome && 'value' in outcome) waiting.resolve(outcome.value);
      else waiting.reject(outcome?.error ?? new Error(`${this.options.operation} gave no answer for an item`));
    });
    this.options.onFlush?.(batch.length);
  }

  private async recover(error: unknown, tenantId: string, batch: Waiting<I, O>[], tries: number): Promise<void> {
    if (isAnswer(error) && isSerializationFailure(error) && tries < SERIALIZATION_TRIES) {
      await this.settle(tenantId, batch, tries + 1);
    } else if (batch.length > 1 && isAnswer(error) && !isUnavailable(error)) {
      // One bad item must not fail its neighbours: halve until it stands alone.
      const middle = batch.length >> 1;
      await this.settle(tenantId, batch.slice(0, middle));
      await this.settle(tenantId, batch.slice(middle));
    } else {
      for (const waiting of batch) waiting.reject(error);
    }
  }
}

/** The database did not take the statement at all, so asking it item by item would only add to its trouble. */
function isUnavailable(error: unknown): boolean {
  return (error instanceof DomainError && error.kind === 'unavailable') || isInfrastructureFailure(error);
}
