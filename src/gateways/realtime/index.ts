export * from './realtime.errors.js';
export { RealtimeModule } from './realtime.module.js';
export type { StreamOptions } from './stream.options.js';
