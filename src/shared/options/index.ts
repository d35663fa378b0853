export * from './options-source.js';
