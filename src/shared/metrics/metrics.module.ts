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
}

/** `GET /metrics`, and `Metrics` for everybody. */
@Module({})
export class MetricsModule {
  static forRoot({ metrics = new Metrics(), path = '/metrics', process = true }: MetricsOptions = {}): DynamicModule {
    const config = { register: metrics.registry, prefix: PREFIX };
    return {
      module: MetricsModule,
      global: true,
      imports: [
        PrometheusModule.register({
          path,
          controller: MetricsController,
          defaultMetrics: { enabled: process, config },
        }),
      ],
      providers: [{ provide: Metrics, useValue: metrics }],
      exports: [Metrics],
    };
  }
}
