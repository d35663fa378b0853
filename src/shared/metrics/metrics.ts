import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { CircuitBreaker, CircuitState } from '../resilience/index.js';

/** Stands before every name, the process metrics' included, so that several services share one Prometheus. */
export const PREFIX = 'muster_';

/** 0.5 ms to 10 s: a cached answer, a round trip to the database, a timeout. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

export interface MetricOptions<Label extends string> {
  /** Without the prefix: `tasks_claimed_total`, that is subsystem, thing, unit or `total`. */
  name: string;
  help: string;
  /** Each must have few values known beforehand: a kind, an operation, a status; never an id, a URL or a tenant. */
  labels?: readonly Label[];
}

export interface PoolNumbers {
  total: number;
  idle: number;
  waiting: number;
}

/**
 * The numbers of one application. It has its own registry, so that two applications in a process, or two tests, do not
 * add up. Subsystems make their own metrics through `counter`, `gauge` and `histogram`.
 *
 * | name | labels | what |
 * |---|---|---|
 * | `muster_operation_duration_seconds` | operation | repository operations |
 * | `muster_operation_errors_total` | operation, error_type | their failures, by the error's code |
 * | `muster_batch_size` | operation | how many calls one statement served |
 * | `muster_batch_wait_seconds` | operation | how long the first call of a statement waited for it |
 * | `muster_cache_hits_total`, `muster_cache_misses_total` | entity_type | reads of the entity cache |
 * | `muster_cache_errors_total` | operation | reads, writes and invalidations that failed or were too slow |
 * | `muster_database_pool_connections` | pool, state | open connections: idle or busy |
 * | `muster_database_pool_waiting` | pool | callers waiting for a connection |
 * | `muster_circuit_state` | dependency | 0 closed, 1 half open, 2 open |
 * | `muster_http_request_duration_seconds` | method, route, status | by route template |
 * | `muster_process_…`, `muster_nodejs_…` | | CPU, memory, handles, garbage collection, event loop lag |
 */
export class Metrics {
  readonly registry = new Registry();

  readonly operationDuration = this.histogram({
    name: 'operation_duration_seconds',
    help: 'Duration of repository operations.',
    labels: ['operation'],
  });
  readonly operationErrors = this.counter({
    name: 'operation_errors_total',
    help: 'Failed repository operations, by the code of the error.',
    labels: ['operation', 'error_type'],
  });
  readonly batchSize = this.histogram({
    name: 'batch_size',
    help: 'Calls merged into one statement.',
    labels: ['operation'],
    buckets: SIZES,
  });
  readonly batchWait = this.histogram({
    name: 'batch_wait_seconds',
    help: 'How long the first call of a statement waited for those before it.',
    labels: ['operation'],
  });
  readonly cacheHits = this.counter({
    name: 'cache_hits_total',
    help: 'Entities found in the cache.',
    labels: ['entity_type'],
  });
  readonly cacheMisses = this.counter({
    name: 'cache_misses_total',
    help: 'Entities that had to be loaded.',
    labels: ['entity_type'],
  });
  readonly cacheErrors = this.counter({
    name: 'cache_errors_total',
    help: 'Cache operations that failed or took too long; the database answered instead.',
    labels: ['operation'],
  });
  readonly httpDuration = this.histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests, by route template.',
    labels: ['method', 'route', 'status'],
  });
  private readonly pools = new Map<string, () => PoolNumbers>();
  private readonly breakers = new Map<string, CircuitBreaker>();

  constructor() {
    this.measurePools();
    this.measureBreakers();
  }

  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label> {
    return new Counter(this.definition(options));
  }

  /** @param measure sets the gauge whenever the metrics are read; without it the owner sets it */
  gauge<Label extends string = never>(
    options: MetricOptions<Label>,
    measure?: (gauge: Gauge<Label>) => void | Promise<void>,
  ): Gauge<Label> {
    const gauge: Gauge<Label> = new Gauge({
      ...this.definition(options),
      ...(measure ? { collect: () => measure(gauge) } : {}),
    });
    return gauge;
  }

  histogram<Label extends string = never>(options: MetricOptions<Label> & { buckets?: number[] }): Histogram<Label> {
    return new Histogram({ ...this.definition(options), buckets: options.buckets ?? SECONDS });
  }

  /** Shows a connection pool under a fixed name: 'primary', 'replica'. The newest pool of a name counts. */
  watchPool(name: string, numbers: () => PoolNumbers): void {
    this.pools.set(name, numbers);
  }

  /** Shows a breaker. For dependencies known at start; one for each webhook host would be without bounds. */
  watchBreaker(breaker: CircuitBreaker): void {
    this.breakers.set(breaker.dependency, breaker);
  }

  private definition<Label extends string>({ name, help, labels = [] }: MetricOptions<Label>) {
    return { name: PREFIX + name, help, labelNames: labels, registers: [this.registry] };
  }

  private measurePools(): void {
    const connections = {
      name: 'database_pool_connections',
      help: 'Open connections.',
      labels: ['pool', 'state'],
    } as const;
    this.gauge(connections, (gauge) => {
      for (const [pool, numbers] of this.pools) {
        const { total, idle } = numbers();
        gauge.set({ pool, state: 'idle' }, idle);
        gauge.set({ pool, state: 'busy' }, total - idle);
      }
    });
    const waiting = {
      name: 'database_pool_waiting',
      help: 'Callers waiting for a connection.',
      labels: ['pool'],
    } as const;
    this.gauge(waiting, (gauge) => {
      for (const [pool, numbers] of this.pools) gauge.set({ pool }, numbers().waiting);
    });
  }

  private measureBreakers(): void {
    const values: Record<CircuitState, number> = { closed: 0, half_open: 1, open: 2 };
    const state = { name: 'circuit_state', help: '0 closed, 1 half open, 2 open.', labels: ['dependency'] } as const;
    this.gauge(state, (gauge) => {
      for (const [dependency, breaker] of this.breakers) gauge.set({ dependency }, values[breaker.getState()]);
    });
  }
}
