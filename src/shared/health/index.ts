export { Draining } from './draining.js';
export { HealthModule } from './health.module.js';
export { type HealthProbe, HealthProbes } from './health-probe.js';
