import { inspect } from 'node:util';
import { nearest } from './nearest.js';
import { choice, integer, list, origin, secret, setting, text, trust, Unacceptable, url } from './setting.js';
import type { Setting } from './setting.js';
import { DomainError } from './shared/errors/index.js';

/** Under this token the configuration is injected: `@Inject(CONFIG) config: Config`. */
export const CONFIG = Symbol('CONFIG');

const DAY_MS = 24 * 60 * 60 * 1000;
const MIB = 1024 * 1024;
const TCP_PORT = integer(0, 65_535);
const DURATION_MS = integer(1, DAY_MS);
const BYTES = integer(1024, 1024 * MIB);
const PER_SECOND = integer(1, 10_000_000);
const STREAMS = integer(1, 1_000_000);
const POSTGRES = url('postgres', 'postgresql');
const HTTP = url('https', 'http');

const HOME = setting('MUSTER_HOME', text, '.muster', 'Folder of the embedded database and of credentials.json.');

/** Every setting of the service. The shape of `Config`, its parsing and docs/configuration.md all come from this table. */
const SETTINGS = {
  home: HOME,
  adminKey: setting(
    'MUSTER_ADMIN_KEY',
    secret(16),
    undefined,
    'Admin key of the tenant `default`, for automation; without it one is made at the first start and printed once.',
  ),
  logLevel: setting(
    'MUSTER_LOG_LEVEL',
    choice('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    'info',
    'What is logged: this level and everything graver.',
  ),
  shutdownTimeoutMs: setting(
    'MUSTER_SHUTDOWN_TIMEOUT_MS',
    DURATION_MS,
    20_000,
    'How long running work may take to finish after SIGTERM; keep it below the grace period of the platform.',
  ),
  http: {
    host: setting('MUSTER_HOST', text, '127.0.0.1', 'Address to listen on; 0.0.0.0 for all.'),
    port: setting('MUSTER_PORT', TCP_PORT, 8080, 'Port to listen on; 0 takes a free one.'),
    bodyLimitBytes: setting('MUSTER_BODY_LIMIT_BYTES', BYTES, MIB, 'Largest body of a request.'),
    batchBodyLimitBytes: setting(
      'MUSTER_BATCH_BODY_LIMIT_BYTES',
      BYTES,
      32 * MIB,
      'Largest body of a batch or bulk request; not below MUSTER_BODY_LIMIT_BYTES.',
    ),
    trustProxy: setting(
      'MUSTER_TRUST_PROXY',
      trust,
      false,
      'Proxies whose X-Forwarded-For is believed. `true` believes everybody: only behind a proxy that overwrites it.',
    ),
    corsOrigins: setting('MUSTER_CORS_ORIGINS', list(origin), [], 'Origins whose pages may call from a browser.'),
  },
  database: {
    url: setting('DATABASE_URL', POSTGRES, undefined, 'PostgreSQL 15 or later. Without it Muster runs its own.'),
    replicaUrls: setting('DATABASE_REPLICA_URLS', list(POSTGRES), [], 'Read replicas of DATABASE_URL.'),
    directUrl: setting(
      'MUSTER_DIRECT_DATABASE_URL',
      POSTGRES,
      undefined,
      'The server itself where DATABASE_URL is a PgBouncer: LISTEN and migrations need a session of their own.',
    ),
    poolSize: setting('MUSTER_DATABASE_POOL_SIZE', integer(1, 1000), 10, 'Connections to each server.'),
    batchSize: setting(
      'MUSTER_BATCH_SIZE',
      integer(1, 10_000),
      256,
      'Concurrent calls of one hot operation that share a statement at most; 1 gives each its own.',
    ),
    acquireTimeoutMs: setting(
      'MUSTER_ACQUIRE_TIMEOUT_MS',
      DURATION_MS,
      5_000,
      'How long a call waits for a free connection before it is refused as overloaded.',
    ),
    statementTimeoutMs: setting(
      'MUSTER_STATEMENT_TIMEOUT_MS',
      DURATION_MS,
      30_000,
      'Time after which a statement is given up and cancelled, and an idle transaction is ended.',
    ),
  },
  redis: {
    url: setting('REDIS_URL', url('redis', 'rediss'), undefined, 'Cache and wake-ups; without it both are kept local.'),
  },
  rateLimit: {
    keyPerSecond: setting('MUSTER_RATE_LIMIT_KEY_PER_SECOND', PER_SECOND, 20_000, 'Requests of one key, sustained.'),
    keyBurst: setting('MUSTER_RATE_LIMIT_KEY_BURST', PER_SECOND, 40_000, 'Requests of one key at once after a rest.'),
    tenantPerSecond: setting('MUSTER_RATE_LIMIT_TENANT_PER_SECOND', PER_SECOND, 50_000, 'The same for a tenant.'),
    tenantBurst: setting('MUSTER_RATE_LIMIT_TENANT_BURST', PER_SECOND, 100_000, 'The same for a tenant.'),
  },
  events: {
    retentionDays: setting(
      'MUSTER_EVENT_RETENTION_DAYS',
      integer(0, 36_500),
      0,
      'Days that events are kept; 0 for ever.',
    ),
    subscriberExpiryDays: setting(
      'MUSTER_SUBSCRIBER_EXPIRY_DAYS',
      integer(0, 36_500),
      30,
      'Days after which a named subscriber that nobody opens is deleted; 0 for never.',
    ),
  },
  workspaces: {
    limit: setting('MUSTER_WORKSPACES_LIMIT', integer(1, 1_000_000), 100, 'Workspaces of a tenant.'),
    activityRetentionDays: setting(
      'MUSTER_ACTIVITY_RETENTION_DAYS',
      integer(0, 36_500),
      90,
      'Days that the activity of workspaces is kept; 0 for ever.',
    ),
  },
  streams: {
    heartbeatMs: setting(
      'MUSTER_STREAM_HEARTBEAT_MS',
      DURATION_MS,
      15_000,
      'A stream of events on which nothing was sent for so long gets a comment; keep it below the idle limit of proxies.',
    ),
    perKey: setting('MUSTER_STREAMS_PER_KEY', STREAMS, 1_000, 'Streams that one key may have open on a node.'),
    perTenant: setting('MUSTER_STREAMS_PER_TENANT', STREAMS, 10_000, 'The same for a tenant.'),
    bufferEvents: setting(
      'MUSTER_STREAM_BUFFER_EVENTS',
      integer(1, 1_000_000),
      20_000,
      'Events that may wait for a consumer of a stream that is too slow; then it must read on from its cursor.',
    ),
    bufferBytes: setting('MUSTER_STREAM_BUFFER_BYTES', BYTES, 8 * MIB, 'The size of these events.'),
  },
  sockets: {
    connections: setting('MUSTER_WS_CONNECTIONS', STREAMS, 20_000, 'WebSocket connections of a node.'),
    perKey: setting('MUSTER_WS_PER_KEY', STREAMS, 1_000, 'Connections that one key may have open on a node.'),
    perTenant: setting('MUSTER_WS_PER_TENANT', STREAMS, 10_000, 'The same for a tenant.'),
    messageBytes: setting(
      'MUSTER_WS_MESSAGE_BYTES',
      BYTES,
      MIB,
      'Largest message of a client, before and after decompression.',
    ),
    pingMs: setting(
      'MUSTER_WS_PING_MS',
      DURATION_MS,
      30_000,
      'How often a client is asked for a sign of life; without one for twice as long its connection is given up.',
    ),
    idleMs: setting(
      'MUSTER_WS_IDLE_MS',
      DURATION_MS,
      120_000,
      'A connection that follows nothing, attends no agent and asks nothing for so long is closed.',
    ),
    maxAgeMs: setting(
      'MUSTER_WS_MAX_AGE_MS',
      integer(1, 30 * DAY_MS),
      DAY_MS / 2,
      'After which a connection is closed with a hint to come again.',
    ),
    stalledMs: setting(
      'MUSTER_WS_STALLED_MS',
      DURATION_MS,
      30_000,
      'A connection that takes nothing of what is sent for so long is given up.',
    ),
    inFlight: setting('MUSTER_WS_IN_FLIGHT', integer(1, 100_000), 256, 'Requests of a connection under way at most.'),
    batch: setting('MUSTER_WS_BATCH', integer(1, 10_000), 100, 'Requests of one JSON-RPC batch at most.'),
    subscriptions: setting(
      'MUSTER_WS_SUBSCRIPTIONS',
      integer(1, 10_000),
      100,
      'Subscriptions of a connection at most.',
    ),
    progressMs: setting(
      'MUSTER_WS_PROGRESS_MS',
      DURATION_MS,
      5_000,
      'How often progress is told of a request that is waited for and asked for it.',
    ),
    compression: setting(
      'MUSTER_WS_COMPRESSION',
      choice('off', 'on'),
      'off',
      'Whether messages may be compressed, for clients that offer it.',
    ),
  },
  webhooks: {
    allowPrivate: setting(
      'MUSTER_WEBHOOKS_ALLOW_PRIVATE',
      trust,
      false,
      'Private addresses that webhooks may be sent to: loopback, link-local, RFC 1918 and the like.',
    ),
    secretKeys: setting(
      'MUSTER_WEBHOOKS_SECRET_KEYS',
      list(secret(32)),
      [],
      'Keys under which the secrets of webhooks are kept: the first seals, all open. Without one they are kept in the clear.',
    ),
    limit: setting('MUSTER_WEBHOOKS_LIMIT', integer(1, 1_000_000), 1_000, 'Webhooks of a tenant.'),
    timeoutMs: setting('MUSTER_WEBHOOKS_TIMEOUT_MS', integer(100, 60_000), 15_000, 'Time of one attempt as a whole.'),
    concurrency: setting(
      'MUSTER_WEBHOOKS_CONCURRENCY',
      integer(1, 10_000),
      64,
      'Requests to webhooks under way on a node.',
    ),
    perTenant: setting(
      'MUSTER_WEBHOOKS_PER_TENANT',
      integer(1, 10_000),
      32,
      'How many of them may be of one tenant; tenants come in turn.',
    ),
    perHost: setting(
      'MUSTER_WEBHOOKS_PER_HOST',
      integer(1, 10_000),
      8,
      'How many of those of one tenant may be to one host.',
    ),
    retrySeconds: setting(
      'MUSTER_WEBHOOKS_RETRY_SECONDS',
      list(integer(0, 86_400)),
      [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800],
      'Pauses after failed attempts, each up to a tenth longer or shorter; after the last one a delivery is dead.',
    ),
    disableAfterDays: setting(
      'MUSTER_WEBHOOKS_DISABLE_AFTER_DAYS',
      integer(1, 365),
      5,
      'Days after which a webhook at which everything failed is disabled.',
    ),
    retentionDays: setting(
      'MUSTER_WEBHOOKS_RETENTION_DAYS',
      integer(1, 3_650),
      14,
      'Days that the log of deliveries is kept, dead ones included.',
    ),
  },
  oidc: {
    issuer: setting(
      'MUSTER_OIDC_ISSUER',
      HTTP,
      undefined,
      'Accepts bearer tokens of this issuer; needs the audience too.',
    ),
    audience: setting('MUSTER_OIDC_AUDIENCE', text, undefined, 'What the tokens must be meant for (`aud`).'),
    jwksUrl: setting('MUSTER_OIDC_JWKS_URL', HTTP, undefined, 'Keys of the issuer; without it found by discovery.'),
    tenantClaim: setting('MUSTER_OIDC_TENANT_CLAIM', text, 'tenant', 'Claim that names the tenant.'),
    agentClaim: setting('MUSTER_OIDC_AGENT_CLAIM', text, 'sub', 'Claim that names the agent.'),
    scopesClaim: setting('MUSTER_OIDC_SCOPES_CLAIM', text, 'scope', 'Claim that lists the scopes.'),
  },
  telemetry: {
    otlpEndpoint: setting(
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      HTTP,
      undefined,
      'Collector for traces; without it none are made.',
    ),
  },
};

/** What the command line needs to reach a server. */
const CLIENT_SETTINGS = {
  home: HOME,
  urls: setting(
    'MUSTER_URL',
    list(HTTP),
    [],
    'Servers that the command line calls, instead of the one in credentials.json.',
  ),
  key: setting(
    'MUSTER_KEY',
    secret(16),
    undefined,
    'API key of the command line, instead of the one in credentials.json.',
  ),
};

type Values<T> = { readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : Values<T[K]> };
type Parsed = Values<typeof SETTINGS>;

export type OidcConfig = Parsed['oidc'] & { readonly issuer: string; readonly audience: string };

/** Frozen. Printed or logged, whole or in part, it shows `***` for what may hold a secret. */
export type Config = Omit<Parsed, 'oidc'> & {
  /** Absent unless tokens of an issuer are accepted. */
  readonly oidc?: OidcConfig;
};

export type ClientConfig = Values<typeof CLIENT_SETTINGS>;

export interface ConfigurationProblem {
  readonly name: string;
  readonly message: string;
}

/** The environment was refused; `problems` lists everything that is wrong with it, without the values of secrets. */
export class InvalidConfiguration extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'invalid_configuration';

  constructor(readonly problems: readonly ConfigurationProblem[]) {
    const lines = problems.map(({ name, message }) => `- ${name} ${message}`);
    super(`The configuration cannot be used:\n${lines.join('\n')}`, {
      problems: problems.map((problem) => ({ ...problem })),
    });
  }
}

/** One row of docs/configuration.md. `default` is null where there is none. */
export interface SettingDescription {
  readonly name: string;
  readonly type: string;
  readonly default: string | null;
  readonly description: string;
}

/**
 * Reads the environment. An empty variable counts as not set, as compose files produce them.
 * @throws InvalidConfiguration with all problems at once
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const problems: ConfigurationProblem[] = [];
  const parsed = read(SETTINGS, env, problems) as Parsed;
  problems.push(...contradictions(parsed), ...unknownNames(env));
  if (problems.length > 0) throw new InvalidConfiguration(problems);

  const { oidc, ...rest } = parsed;
  const { issuer, audience } = oidc;
  const config =
    issuer !== undefined && audience !== undefined ? { ...rest, oidc: { ...oidc, issuer, audience } } : rest;
  return sealed(config, SETTINGS);
}

/**
 * The same for the command line, which looks at the settings of the service only where it is the service.
 * @throws InvalidConfiguration with all problems at once
 */
export function loadClientConfig(env: NodeJS.ProcessEnv = process.env): ClientConfig {
  const problems: ConfigurationProblem[] = [];
  const parsed = read(CLIENT_SETTINGS, env, problems) as ClientConfig;
  problems.push(...unknownNames(env));
  if (problems.length > 0) throw new InvalidConfiguration(problems);
  return sealed(parsed, CLIENT_SETTINGS);
}

/** Every setting, in the order of the documentation. */
export function describeSettings(): SettingDescription[] {
  return allSettings().map(({ name, kind, fallback, description }) => {
    const hasDefault = fallback !== undefined && !(Array.isArray(fallback) && fallback.length === 0);
    return { name, type: kind.type, default: hasDefault ? String(fallback) : null, description };
  });
}

interface Tree {
  readonly [key: string]: Setting<unknown> | Tree;
}

/** Read by other programs than the service. */
const FOREIGN_NAMES = ['MUSTER_TEST_DATA'];
const PREFIX = 'MUSTER_';

function isSetting(node: Setting<unknown> | Tree): node is Setting<unknown> {
  return 'kind' in node && 'fallback' in node;
}

function flatten(tree: Tree): Setting<unknown>[] {
  return Object.values(tree).flatMap((node) => (isSetting(node) ? [node] : flatten(node)));
}

function allSettings(): Setting<unknown>[] {
  return [...new Set([...flatten(SETTINGS), ...flatten(CLIENT_SETTINGS)])];
}

function read(tree: Tree, env: NodeJS.ProcessEnv, problems: ConfigurationProblem[]): Record<string, unknown> {
  const entries = Object.entries(tree).map(([key, node]): [string, unknown] => {
    return [key, isSetting(node) ? readOne(node, env[node.name], problems) : read(node, env, problems)];
  });
  return Object.fromEntries(entries);
}

function readOne(setting: Setting<unknown>, given: string | undefined, problems: ConfigurationProblem[]): unknown {
  const trimmed = given?.trim();
  if (!trimmed) return setting.fallback;
  try {
    return setting.kind.parse(trimmed);
  } catch (error) {
    if (!(error instanceof Unacceptable)) throw error;
    const quoted = setting.kind.secret ? '' : `, not ${JSON.stringify(trimmed)}`;
    problems.push({ name: setting.name, message: `${error.message}${quoted}.` });
    return setting.fallback;
  }
}

/** What each setting alone allows but not all of them together. */
function contradictions({ database, http, oidc, rateLimit }: Parsed): ConfigurationProblem[] {
  const { keyPerSecond, keyBurst, tenantPerSecond, tenantBurst } = rateLimit;
  const rules: [broken: boolean, name: string, message: string][] = [
    [!database.url && database.replicaUrls.length > 0, 'DATABASE_REPLICA_URLS', 'needs DATABASE_URL.'],
    [!database.url && database.directUrl !== undefined, 'MUSTER_DIRECT_DATABASE_URL', 'needs DATABASE_URL.'],
    [
      http.batchBodyLimitBytes < http.bodyLimitBytes,
      'MUSTER_BATCH_BODY_LIMIT_BYTES',
      'must not be below MUSTER_BODY_LIMIT_BYTES.',
    ],
    [keyBurst < keyPerSecond, 'MUSTER_RATE_LIMIT_KEY_BURST', 'must not be below MUSTER_RATE_LIMIT_KEY_PER_SECOND.'],
    [
      tenantBurst < tenantPerSecond,
      'MUSTER_RATE_LIMIT_TENANT_BURST',
      'must not be below MUSTER_RATE_LIMIT_TENANT_PER_SECOND.',
    ],
    [Boolean(oidc.issuer) && !oidc.audience, 'MUSTER_OIDC_ISSUER', 'needs MUSTER_OIDC_AUDIENCE.'],
    [!oidc.issuer && oidc.audience !== undefined, 'MUSTER_OIDC_AUDIENCE', 'needs MUSTER_OIDC_ISSUER.'],
    [!oidc.issuer && oidc.jwksUrl !== undefined, 'MUSTER_OIDC_JWKS_URL', 'needs MUSTER_OIDC_ISSUER.'],
  ];
  return rules.filter(([broken]) => broken).map(([, name, message]) => ({ name, message }));
}

/** A misspelt setting would be ignored in silence, and its default taken. */
function unknownNames(env: NodeJS.ProcessEnv): ConfigurationProblem[] {
  const known = allSettings().map(({ name }) => name);
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name) && !FOREIGN_NAMES.includes(name))
    .map((name) => {
      const meant = nearest(name, known);
      return { name, message: `is not a setting${meant ? `; did you mean ${meant}?` : '.'}` };
    });
}

/** Freezes the values and hides the secrets among them from JSON and from `console.log`. */
function sealed<T extends object>(values: T, tree: Tree): T {
  const shown: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    const node = tree[key];
    if (node && !isSetting(node)) shown[key] = sealed(value, node);
    else shown[key] = node?.kind.secret && value !== undefined ? '***' : value;
  }
  for (const hook of ['toJSON', inspect.custom]) Object.defineProperty(values, hook, { value: () => shown });
  return Object.freeze(values);
}
