import type { MusterClient } from '../client.js';
import type { Lease, Params } from '../methods.js';
import type { Asking, Entry, Outbox } from '../outbox/outbox.js';
import { Source } from './source.js';

type Claim = Extract<Asking, { method: 'task.claim' }>;
export type Terms = Omit<Params<'task.claim'>, 'limit' | 'waitSeconds'>;

/** Beyond the wait that was asked for. */
const TIMEOUT_MS = 30_000;

/** Claims one after the other. One whose answer was lost is asked again as it was, before any other. */
export class Claims {
  private open?: Entry<Claim>;
  private answered = true;

  constructor(
    private readonly client: MusterClient,
    private readonly outbox: Outbox,
    private readonly terms: Terms,
    private readonly waitSeconds: number,
  ) {}

  /** Waits for up to `limit` tasks. */
  async claim(limit: number, signal: AbortSignal): Promise<{ leases: Lease[]; source: Source }> {
    const entry = await this.entryFor(limit);
    this.answered = false;
    const { leases } = await this.client.call('task.claim', entry.params, {
      idempotencyKey: entry.key ?? false,
      timeoutMs: this.waitSeconds * 1_000 + TIMEOUT_MS,
      patienceMs: 0,
      signal,
    });
    this.answered = true;
    if (leases.length > 0) delete this.open;
    return { leases, source: new Source(entry, this.outbox) };
  }

  /** One that was given nothing is forgotten; one whose answer is unknown is asked again by the next run. */
  async close(): Promise<void> {
    if (this.open && this.answered) await this.outbox.remove(this.open);
  }

  /** The same again after nothing was given: the server keeps no record of that, so the key is still free. */
  private async entryFor(limit: number): Promise<Entry<Claim>> {
    const { open } = this;
    if (open && (!this.answered || open.params.limit === limit)) return open;
    const params = { ...this.terms, limit, waitSeconds: this.waitSeconds };
    const entry = await this.outbox.put<Claim>({ method: 'task.claim', params });
    if (open) await this.outbox.remove(open);
    return (this.open = entry);
  }
}
