export * from './circuit-breaker.js';
export * from './within.js';
export * from './rounds.js';
