export interface WebhookOptions {
  /** Private addresses that may be sent to: all, none, or those at these addresses and networks; default none. */
  allowPrivate?: boolean | readonly string[];
  /** Keys under which the secrets of endpoints are kept; the first one seals, all of them open. None: kept in the clear. */
  secretKeys?: readonly string[];
  /** Endpoints of a tenant; default 1,000. */
  limit?: number;
  /** How long one attempt may take as a whole, in ms; default 15,000. */
  timeoutMs?: number;
  /** Requests under way on this node; default 64. */
  concurrency?: number;
  /** Those of them that may be of one tenant; default 32. */
  perTenant?: number;
  /** Those of one tenant that may be to one host; default 8. */
  perHost?: number;
  /** Pauses after the first failure, the second and so on, in seconds; after the last one the delivery is dead. */
  retrySeconds?: readonly number[];
  /** An endpoint at which everything has failed for so long is disabled; default 5. */
  disableAfterDays?: number;
  /** How long the log of deliveries is kept; default 14. */
  retentionDays?: number;
}

/** Ten pauses, 23 h 40 min in all. */
export const RETRY_SECONDS = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800] as const;

/** The options, with what was left out. */
export class WebhookSettings implements Required<WebhookOptions> {
  readonly allowPrivate: boolean | readonly string[];
  readonly secretKeys: readonly string[];
  readonly limit: number;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly perTenant: number;
  readonly perHost: number;
  readonly retrySeconds: readonly number[];
  readonly disableAfterDays: number;
  readonly retentionDays: number;

  constructor(options: WebhookOptions) {
    this.allowPrivate = options.allowPrivate ?? false;
    this.secretKeys = options.secretKeys ?? [];
    this.limit = options.limit ?? 1_000;
    this.timeoutMs = options.timeoutMs ?? 15_000;
    this.concurrency = options.concurrency ?? 64;
    this.perTenant = options.perTenant ?? 32;
    this.perHost = options.perHost ?? 8;
    this.retrySeconds = options.retrySeconds ?? RETRY_SECONDS;
    this.disableAfterDays = options.disableAfterDays ?? 5;
    this.retentionDays = options.retentionDays ?? 14;
  }

  /** How long a node that took a delivery has it for itself: longer than any attempt, for the clock runs on meanwhile. */
  get leaseMs(): number {
    return 2 * this.timeoutMs + 5_000;
  }
}
