import { Injectable } from '@nestjs/common';
import { Metrics, Reading } from '../shared/metrics/index.js';
import type { Trial } from './attempt.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { type Claimed, DispatchRepository } from './dispatch.repository.js';
import type { Outcome } from './outcomes.js';

/** A good answer, a slow one, the time limit; and from seconds to a day, as retries go. */
const LAG_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800, 7_200, 28_800, 86_400];
const ATTEMPT_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];

/** Counts what is sent to endpoints, and shows what waits. */
@Injectable()
export class DeliveryMeter {
  private readonly attempts: ReturnType<Metrics['counter']>;
  private readonly duration: ReturnType<Metrics['histogram']>;
  private readonly lag: ReturnType<Metrics['histogram']>;

  constructor(deliveries: DeliveriesRepository, dispatch: DispatchRepository, metrics: Metrics) {
    this.attempts = metrics.counter({
      name: 'webhook_attempts_total',
      help: 'Attempts to deliver: delivered, failed, dead (the last one failed), lost, or postponed by a breaker.',
      labels: ['outcome'],
    });
    this.duration = metrics.histogram({
      name: 'webhook_attempt_seconds',
      help: 'Duration of attempts.',
      buckets: ATTEMPT_SECONDS,
    });
    this.lag = metrics.histogram({
      name: 'webhook_lag_seconds',
      help: 'From an event to its delivery; by two clocks.',
      buckets: LAG_SECONDS,
    });
    this.showBacklog(deliveries, dispatch, metrics);
  }

  count({ occurredAt }: Claimed, { attempt }: Trial, outcome: Outcome): void {
    this.attempts.inc({ outcome });
    this.duration.observe(attempt.durationMs / 1_000);
    if (outcome === 'delivered') this.lag.observe(Math.max(0, Date.now() - occurredAt.getTime()) / 1_000);
  }

  postponed(): void {
    this.attempts.inc({ outcome: 'postponed' });
  }

  private showBacklog(deliveries: DeliveriesRepository, dispatch: DispatchRepository, metrics: Metrics): void {
    const counts = new Reading('deliveries of webhooks', () => deliveries.backlog());
    const stand = {
      name: 'webhook_deliveries',
      help: 'Deliveries that wait or are dead.',
      labels: ['status'],
    } as const;
    metrics.gauge(stand, async (gauge) => {
      const backlog = await counts.take();
      gauge.reset();
      for (const [status, count] of Object.entries(backlog ?? {})) gauge.set({ status }, Number(count));
    });
    const due = new Reading('due deliveries', async () => ({
      in: await dispatch.nextDueIn({ perHost: 1, perTenant: 1, hosts: [], tenants: [] }),
    }));
    const overdue = {
      name: 'webhook_overdue_seconds',
      help: 'For how long the delivery that is due longest has been.',
    };
    metrics.gauge(overdue, async (gauge) => {
      const reading = await due.take();
      if (reading) gauge.set(Math.max(0, -(reading.in ?? 0) / 1_000));
    });
  }
}
