export { measureHttp } from './http-metrics.js';
export { type MetricOptions, Metrics, type PoolNumbers } from './metrics.js';
export { Reading } from './reading.js';
export { MetricsModule, type MetricsOptions } from './metrics.module.js';
export * from './tracing.js';
