import { type DynamicModule, Module } from '@nestjs/common';
import { PrometheusModule } from 'nestjs-prometheus';
import { MetricsController } from './metrics.controller.js';
import { Metrics, PREFIX } from './metrics.js';

export interface MetricsOptions {
  /** Default: a new one. */
  metrics?: Metrics;
  /** Default `/metrics`. */
  path?: string;
  /** Whether to measure the process too (CPU, memory, event loop lag); default true. */
  process?: boolean;
  /** Whether there is the route, and the process is measured; default true. */
  http?: boolean;
}

/** `Metrics` for everybody, and `GET /metrics`. */
@Module({})
export class MetricsModule {
  static forRoot({ metrics = new Metrics(), http = true, ...endpoint }: MetricsOptions = {}): DynamicModule {
    return {
      module: MetricsModule,
      global: true,
      imports: http ? [prometheus(metrics, endpoint)] : [],
      providers: [{ provide: Metrics, useValue: metrics }],
      exports: [Metrics],
    };
  }
}

function prometheus(metrics: Metrics, { path = '/metrics', process = true }: MetricsOptions): DynamicModule {
  const config = { register: metrics.registry, prefix: PREFIX };
  return PrometheusModule.register({
    path,
    controller: MetricsController,
    defaultMetrics: { enabled: process, config },
  });
}
