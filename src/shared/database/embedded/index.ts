export { EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';
export { DataDirectoryUnusable, EmbeddedPostgresFailed, EmbeddedPostgresMissing } from './embedded.errors.js';
