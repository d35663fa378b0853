export interface EventsOptions {
  /** Address of the PostgreSQL server itself, not of a pooler: LISTEN needs a connection of its own. */
  databaseUrl: string;
  /** With it wake-ups travel by Redis, without it by NOTIFY. */
  redisUrl?: string | undefined;
  /** Name of the channel; installations that share a Redis need different ones. Default `muster`. */
  channel?: string;
  /** Events are kept at least this long, in days; 0, the default, keeps them for ever. */
  retentionDays?: number;
  /** Named subscribers that nobody opened for so many days are deleted; 0 for never, 30 unless given. */
  subscriberExpiryDays?: number | undefined;
  /** How long a node leads or holds a consumer after its last renewal, in ms; default 10,000. */
  leaseMs?: number;
  /** Whether this node runs durable consumers and maintenance; default true. */
  background?: boolean;
}

export const EVENTS_OPTIONS = Symbol('events options');

export const DEFAULT_SUBSCRIBER_EXPIRY_DAYS = 30;
export const DEFAULT_LEASE_MS = 10_000;
