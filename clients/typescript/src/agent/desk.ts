import type { MusterClient } from '../client.js';
import { MusterError } from '../errors.js';
import type { Lease } from '../methods.js';
import type { Answer, Entry, Outbox } from '../outbox/outbox.js';
import { heldBy, isLost } from './assignment.js';
import { untilDecided } from './persistence.js';
import type { Report } from './reports.js';
import { failureOf } from './task-failure.js';

/** What came of an answer: perhaps the next lease, and the entry that gave it. */
interface Settled {
  entry: Entry<Answer>;
  next?: Lease;
}

type Send = (method: string, params: object, options: object) => Promise<{ next?: Lease }>;

/** Sends how tasks ended: written down before, and sent again until the server has decided. */
export class Desk {
  constructor(
    private readonly client: MusterClient,
    private readonly outbox: Outbox,
    private readonly report: Report,
    /** Ends the sending; what is not decided then stays in the outbox. */
    private readonly signal: AbortSignal,
  ) {}

  async answer(answer: Answer): Promise<Settled> {
    return this.settle(await this.outbox.put(answer));
  }

  /**
   * Sends what is written down until it is decided. What was refused for good is kept aside and told.
   * @throws when the key is refused, or the sending was ended
   */
  async settle(entry: Entry<Answer>): Promise<Settled> {
    try {
      const next = await this.send(entry);
      if (next) {
        await this.outbox.note(entry, [heldBy(next)]);
        return { entry, next };
      }
      await this.outbox.remove(entry);
    } catch (error) {
      if (!(error instanceof MusterError) || isKeyRefused(error)) throw error;
      const other = without(entry, error);
      if (other) return this.instead(entry, other);
      await this.outbox.refuse(entry, { status: error.status, ...error.problem });
      this.report.abandoned({ method: entry.method, params: entry.params } as Answer, error);
    }
    return { entry };
  }

  /** The lease that came of it. */
  private async send({ method, params, key }: Entry<Answer>): Promise<Lease | undefined> {
    const { signal } = this;
    const call = this.client.call.bind(this.client) as unknown as Send;
    const send = () => call(method, params, { idempotencyKey: key ?? false, signal });
    return (await untilDecided(send, this.report, signal)).next;
  }

  private async instead(entry: Entry<Answer>, other: Answer): Promise<Settled> {
    const written = await this.outbox.put(other);
    await this.outbox.remove(entry);
    return this.settle(written);
  }
}

/** The key was taken away or may not do this: no fault of the answer, which is right again when the key is. */
export const isKeyRefused = (error: unknown): boolean =>
  error instanceof MusterError && (error.status === 401 || error.status === 403);

/**
 * The answer once more, without what it may have been refused for: the next claim, whose agent or workspace is gone; or
 * a result that a task cannot keep, which fails the attempt, and would again.
 */
function without(entry: Entry<Answer>, refusal: MusterError): Answer | undefined {
  if (entry.method !== 'task.complete' || isLost(refusal)) return undefined;
  const { id, epoch, result, claimNext } = entry.params;
  if (claimNext) return { method: 'task.complete', params: { id, epoch, result } };
  if (refusal.status !== 400 && refusal.status !== 413) return undefined;
  return { method: 'task.fail', params: { id, epoch, error: { ...failureOf(refusal), retryable: false } } };
}
