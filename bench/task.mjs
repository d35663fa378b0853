/** The work of every side: about 200 bytes of JSON go in, a small result comes out. */
export const TYPE = 'code';
export const PARAMETERS = { repo: 'acme/widgets', path: 'src/file.ts', note: 'x'.repeat(120) };
export const RESULT = { ok: true };

/** Connections of each side to PostgreSQL: the default of Muster, pg-boss and graphile-worker alike. */
export const POOL_SIZE = 10;
