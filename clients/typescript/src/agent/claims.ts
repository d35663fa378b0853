import type { MusterClient } from '../client.js';
import { isPassing } from '../errors.js';
import type { Lease, Params } from '../methods.js';
import type { Claim, Entry, Outbox } from '../outbox/outbox.js';
import { heldBy } from './assignment.js';
import { isKeyRefused } from './desk.js';
import type { Report } from './reports.js';

export type Terms = Omit<Params<'task.claim'>, 'limit' | 'waitSeconds'>;

interface Claimed {
  entry: Entry<Claim>;
  leases: Lease[];
  /** It had been asked before, perhaps long ago: what it gave then may have ended since. */
  again: boolean;
}

/** Beyond the wait that was asked for. */
const TIMEOUT_MS = 30_000;
/** What one claim may ask for. */
const MOST = 256;

/** Claims one after the other. One whose answer was lost is asked again as it was, before any other. */
export class Claims {
  /** Their answers are unknown. */
  private readonly lost: Entry<Claim>[] = [];
  /** It was given nothing: the server keeps no record of that, so the key is still free. */
  private idle?: Entry<Claim> | undefined;

  constructor(
    private readonly client: MusterClient,
    private readonly outbox: Outbox,
    private readonly report: Report,
    private readonly terms: Terms,
    private readonly waitSeconds: number,
  ) {}

  /** Takes over what an earlier run has not heard of. */
  takeOver(entry: Entry<Claim>): void {
    this.lost.push(entry);
  }

  /** Waits for up to so many tasks. */
  async claim(room: number, signal: AbortSignal): Promise<Claimed> {
    const [lost] = this.lost;
    const entry = lost ?? (await this.next(Math.min(room, MOST)));
    if (!lost) this.lost.push(entry);
    const leases = await this.ask(entry, signal).catch((error: unknown) => this.refused(error, lost));
    this.lost.shift();
    if (leases.length > 0) await this.outbox.note(entry, leases.map(heldBy));
    else if (lost) await this.outbox.remove(lost);
    else this.idle = entry;
    return { entry, leases, again: lost !== undefined };
  }

  /** One that was given nothing is forgotten; one whose answer is unknown is asked again by the next run. */
  async close(): Promise<void> {
    if (this.idle) await this.outbox.remove(this.idle);
  }

  private async ask({ params, key }: Entry<Claim>, signal: AbortSignal): Promise<Lease[]> {
    const timeoutMs = (params.waitSeconds ?? 0) * 1_000 + TIMEOUT_MS;
    const limits = { timeoutMs, patienceMs: 0, signal };
    return (await this.client.call('task.claim', params, { idempotencyKey: key ?? false, ...limits })).leases;
  }

  /** What is refused was given nothing, now or before. The terms of an earlier run say nothing of this one's. */
  private refused(error: unknown, lost: Entry<Claim> | undefined): Lease[] {
    if (!lost || isPassing(error) || isKeyRefused(error)) throw error;
    this.report.trouble('A claim whose answer was lost is refused.', error);
    return [];
  }

  private async next(limit: number): Promise<Entry<Claim>> {
    const { idle } = this;
    this.idle = undefined;
    if (idle?.params.limit === limit) return idle;
    if (idle) await this.outbox.remove(idle);
    return this.outbox.put<Claim>({
      method: 'task.claim',
      params: { ...this.terms, limit, waitSeconds: this.waitSeconds },
    });
  }
}
