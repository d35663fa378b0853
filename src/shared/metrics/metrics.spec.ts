import { CircuitBreaker } from '../resilience/index.js';
import { Metrics } from './metrics.js';

describe('Metrics', () => {
  it('carries the names and labels that were promised [S131][S132][S133][S134]', async () => {
    const metrics = new Metrics();
    metrics.operationDuration.startTimer({ operation: 'tasks.create' })();
    metrics.operationErrors.inc({ operation: 'tasks.create', error_type: 'already_exists' });
    metrics.cacheHits.inc({ entity_type: 'task' }, 2);
    metrics.cacheMisses.inc({ entity_type: 'task' });

    const text = await metrics.registry.metrics();

    expect(text).toContain('muster_operation_duration_seconds_count{operation="tasks.create"} 1');
    expect(text).toContain('muster_operation_errors_total{operation="tasks.create",error_type="already_exists"} 1');
    expect(text).toContain('muster_cache_hits_total{entity_type="task"} 2');
    expect(text).toContain('muster_cache_misses_total{entity_type="task"} 1');
  });

  it('keeps two applications of one process apart', async () => {
    const [one, other] = [new Metrics(), new Metrics()];

    one.cacheHits.inc({ entity_type: 'task' });

    expect(await one.registry.metrics()).toContain('muster_cache_hits_total{entity_type="task"} 1');
    expect(await other.registry.metrics()).not.toContain('entity_type="task"');
  });

  it('gives a subsystem its own metrics under the common prefix, and refuses a name twice', async () => {
    const metrics = new Metrics();
    const options = { name: 'tasks_claimed_total', help: 'Claims.', labels: ['kind'] } as const;
    metrics.counter(options).inc({ kind: 'agent' });
    metrics.gauge({ name: 'queue_depth', help: 'Ready tasks.' }, (gauge) => gauge.set(7));

    const text = await metrics.registry.metrics();

    expect(text).toContain('muster_tasks_claimed_total{kind="agent"} 1');
    expect(text).toContain('muster_queue_depth 7');
    expect(() => metrics.counter(options)).toThrow(/already been registered/);
  });

  it('shows pools and breakers as they are when read', async () => {
    const metrics = new Metrics();
    const breaker = new CircuitBreaker('database', { counts: () => true, openMs: 60_000 });
    const pool = { total: 10, idle: 4, waiting: 0 };
    metrics.watchBreaker(breaker);
    metrics.watchPool('primary', () => pool);
    expect(await metrics.registry.metrics()).toContain('muster_circuit_state{dependency="database"} 0');

    while (breaker.getState() === 'closed') await breaker.execute(() => Promise.reject(new Error())).catch(() => null);
    pool.waiting = 3;

    const text = await metrics.registry.metrics();
    expect(text).toContain('muster_circuit_state{dependency="database"} 2');
    expect(text).toContain('muster_database_pool_connections{pool="primary",state="busy"} 6');
    expect(text).toContain('muster_database_pool_waiting{pool="primary"} 3');
  });
});
