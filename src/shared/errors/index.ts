export * from './domain-error.js';
export * from './errors.js';
export * from './storable.js';
