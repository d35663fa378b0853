import { Injectable } from '@nestjs/common';
import { Transactions } from '../database/index.js';
import { AnswerTooLarge, IdempotencyInProgress, IdempotencyKeyReused } from './idempotency.errors.js';
import { type Answer, IdempotencyRepository, type KeyOfCaller } from './idempotency.repository.js';

/** One request that may be repeated. */
export interface IdempotencyRequest extends KeyOfCaller {
  /** Of what was asked; see `fingerprintOf`. */
  readonly fingerprint: Buffer;
  /** Called before a stored answer is given again. */
  readonly onReplay?: () => void;
}

/** How long an answer is kept for repeats. */
export const KEEP_SECONDS = 24 * 60 * 60;
/** An answer to ten thousand created tasks has about 1 MB. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** A deadlock or a serialisation failure rolls the whole request back, so it can run again as if it were the first. */
const RETRIES = 3;

/** Keeps the answer of a change in the change's own transaction, and gives it again when the request is repeated. */
@Injectable()
export class IdempotencyService {
  constructor(
    private readonly records: IdempotencyRepository,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Runs `change` once for all repeats of a request, inside one transaction, and answers its value each time. Where
   * `change` answers undefined nothing is kept and everything is rolled back, so the next try runs again: a claim that
   * waits for a task calls this for each look. Without a key (`request` undefined) it runs `change` as it is.
   * @throws IdempotencyKeyReused, IdempotencyInProgress, AnswerTooLarge, and what `change` throws
   */
  async run<T extends object | undefined>(
    request: IdempotencyRequest | undefined,
    change: () => Promise<T>,
  ): Promise<T> {
    if (!request) return change();
    const answer = await this.answer(request, async () => {
      const value = await change();
      return value && { status: 200, headers: {}, body: JSON.stringify(value) };
    });
    return (answer?.body ? JSON.parse(answer.body) : undefined) as T;
  }

  /** The same for an answer as it goes over the wire. */
  async answer(request: IdempotencyRequest, change: () => Promise<Answer | undefined>): Promise<Answer | undefined> {
    try {
      // Nested, so that inside another transaction nothing to keep undoes this part alone.
      return await this.transactions.run({ propagation: 'nested', retries: RETRIES }, async () => {
        const stored = await this.storedOrTake(request);
        if (stored) return stored;
        const answer = await change();
        if (!answer) throw new NothingToKeep();
        await this.keep(request, answer);
        return answer;
      });
    } catch (error) {
      if (error instanceof NothingToKeep) return undefined;
      throw error;
    }
  }

  /** Deletes at most `limit` expired records; answers how many. Any node may do so at any time. */
  async purgeExpired(limit: number): Promise<number> {
    let purged = 0;
    for (const tenantId of await this.records.tenantsWithExpired(100)) {
      if (purged >= limit) break;
      purged += await this.records.deleteExpired(tenantId, limit - purged);
    }
    return purged;
  }

  /** The first answer; or undefined, and the key belongs to this transaction. */
  private async storedOrTake(request: IdempotencyRequest): Promise<Answer | undefined> {
    const free = await this.records.announce(request);
    if (free && (await this.records.take(request, request.fingerprint, KEEP_SECONDS))) return undefined;

    const stored = await this.records.find(request);
    // Not there: the first one has not committed, or was rolled back since.
    if (!stored) throw new IdempotencyInProgress(request.key);
    if (!stored.fingerprint.equals(request.fingerprint)) throw new IdempotencyKeyReused(request.key);
    request.onReplay?.();
    const { status, headers, body } = stored;
    return { status, headers, body };
  }

  private async keep(request: IdempotencyRequest, answer: Answer): Promise<void> {
    const bytes = Buffer.byteLength(answer.body ?? '');
    if (bytes > MAX_ANSWER_BYTES) throw new AnswerTooLarge(bytes, MAX_ANSWER_BYTES);
    await this.records.store(request, answer);
  }
}

/** Rolls the transaction back without being a failure. */
class NothingToKeep extends Error {}
