import { inspect } from 'node:util';
import { describeSettings, InvalidConfiguration, loadClientConfig, loadConfig } from './config.js';

function problemsOf(env: NodeJS.ProcessEnv): Record<string, string> {
  try {
    loadConfig(env);
  } catch (error) {
    if (!(error instanceof InvalidConfiguration)) throw error;
    return Object.fromEntries(error.problems.map(({ name, message }) => [name, message]));
  }
  throw new Error('the configuration was accepted');
}

describe('loadConfig', () => {
  it('starts from nothing: loopback, own database, no Redis', () => {
    const config = loadConfig({});
    expect(config.home).toBe('.muster');
    expect(config.logLevel).toBe('info');
    expect(config.http).toMatchObject({ host: '127.0.0.1', port: 8080, bodyLimitBytes: 1_048_576, trustProxy: false });
    expect(config.http.batchBodyLimitBytes).toBe(33_554_432);
    expect(config.database).toMatchObject({ url: undefined, replicaUrls: [], poolSize: 10 });
    expect(config.redis.url).toBeUndefined();
    expect(config.events.retentionDays).toBe(0);
    expect(config.oidc).toBeUndefined();
  });

  it('reads every kind of value', () => {
    const config = loadConfig({
      PATH: '/usr/bin',
      MUSTER_TEST_DATA: '/data',
      MUSTER_PORT: ' 9000 ',
      MUSTER_LOG_LEVEL: 'DEBUG',
      DATABASE_URL: 'postgres://me:secret@db/muster?sslmode=require',
      DATABASE_REPLICA_URLS: 'postgres://one/muster, postgresql://two/muster,',
      REDIS_URL: 'rediss://cache:6380/1',
      MUSTER_CORS_ORIGINS: 'https://app.example.com,http://localhost:3000',
      MUSTER_OIDC_ISSUER: 'https://login.example.com/realm',
      MUSTER_OIDC_AUDIENCE: 'muster',
    });
    expect(config.http.port).toBe(9000);
    expect(config.logLevel).toBe('debug');
    expect(config.database.url).toBe('postgres://me:secret@db/muster?sslmode=require');
    expect(config.database.replicaUrls).toEqual(['postgres://one/muster', 'postgresql://two/muster']);
    expect(config.redis.url).toBe('rediss://cache:6380/1');
    expect(config.http.corsOrigins).toEqual(['https://app.example.com', 'http://localhost:3000']);
    expect(config.oidc).toMatchObject({ audience: 'muster', agentClaim: 'sub', jwksUrl: undefined });
  });

  it.each([
    ['true', true],
    ['false', false],
    ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
  ])('trusts proxies by %s', (given, expected) => {
    expect(loadConfig({ MUSTER_TRUST_PROXY: given }).http.trustProxy).toEqual(expected);
  });

  it('takes an empty variable as not set', () => {
    expect(loadConfig({ MUSTER_PORT: '', DATABASE_URL: '  ' })).toEqual(loadConfig({}));
  });

  it('lists all problems at once', () => {
    const env = { MUSTER_PORT: '80a', MUSTER_LOG_LEVEL: 'loud', REDIS_URL: 'http://cache', MUSTER_HOSTS: '::' };
    expect(problemsOf(env)).toEqual({
      MUSTER_PORT: 'must be a whole number from 0 to 65535, not "80a".',
      MUSTER_LOG_LEVEL: 'must be one of fatal, error, warn, info, debug, trace, silent, not "loud".',
      REDIS_URL: 'must be a URL that starts with redis:// or rediss:// and names a host.',
      MUSTER_HOSTS: 'is not a setting; did you mean MUSTER_HOST?',
    });
    expect(() => loadConfig(env)).toThrow(/\n- MUSTER_PORT must be .*\n- REDIS_URL must be /s);
  });

  it.each([
    [{ MUSTER_PORT: '65536' }, 'MUSTER_PORT'],
    [{ MUSTER_PORT: '1e3' }, 'MUSTER_PORT'],
    [{ MUSTER_DATABASE_POOL_SIZE: '0' }, 'MUSTER_DATABASE_POOL_SIZE'],
    [{ MUSTER_CORS_ORIGINS: 'https://app.example.com/path' }, 'MUSTER_CORS_ORIGINS'],
    [{ MUSTER_TRUST_PROXY: 'yes' }, 'MUSTER_TRUST_PROXY'],
    [{ MUSTER_TRUST_PROXY: '-1' }, 'MUSTER_TRUST_PROXY'],
    [{ MUSTER_WEBHOOKS_ALLOW_PRIVATE: '10.0.0.0/33' }, 'MUSTER_WEBHOOKS_ALLOW_PRIVATE'],
    [{ MUSTER_WEBHOOKS_RETRY_SECONDS: '5,never' }, 'MUSTER_WEBHOOKS_RETRY_SECONDS'],
    [{ MUSTER_WEBHOOKS_SECRET_KEYS: 'short' }, 'MUSTER_WEBHOOKS_SECRET_KEYS'],
    [{ DATABASE_URL: 'mysql://db/muster' }, 'DATABASE_URL'],
    [{ MUSTER_ADMIN_KEY: 'two words' }, 'MUSTER_ADMIN_KEY'],
    [{ DATABASE_REPLICA_URLS: 'postgres://one/muster' }, 'DATABASE_REPLICA_URLS'],
    [{ MUSTER_DIRECT_DATABASE_URL: 'postgres://one/muster' }, 'MUSTER_DIRECT_DATABASE_URL'],
    [{ MUSTER_BODY_LIMIT_BYTES: '2048', MUSTER_BATCH_BODY_LIMIT_BYTES: '1024' }, 'MUSTER_BATCH_BODY_LIMIT_BYTES'],
    [{ MUSTER_RATE_LIMIT_KEY_PER_SECOND: '50', MUSTER_RATE_LIMIT_KEY_BURST: '5' }, 'MUSTER_RATE_LIMIT_KEY_BURST'],
    [{ MUSTER_OIDC_ISSUER: 'https://login.example.com' }, 'MUSTER_OIDC_ISSUER'],
    [{ MUSTER_OIDC_AUDIENCE: 'muster' }, 'MUSTER_OIDC_AUDIENCE'],
  ])('refuses %j', (env, name) => {
    expect(Object.keys(problemsOf(env))).toEqual([name]);
  });

  it('refuses unknown names of its own and guesses only what is near', () => {
    expect(problemsOf({ MUSTER_PROT: '1', MUSTER_ZEBRA: '1' })).toEqual({
      MUSTER_PROT: 'is not a setting; did you mean MUSTER_PORT?',
      MUSTER_ZEBRA: 'is not a setting.',
    });
  });

  it('never shows a secret: not in a problem, not in JSON, not on the console', () => {
    const refused = { MUSTER_ADMIN_KEY: 'hush hush', DATABASE_URL: 'pg://me:hush@db', MUSTER_ADMINKEY: 'hush' };
    expect(() => loadConfig(refused)).toThrow(InvalidConfiguration);
    expect(JSON.stringify(problemsOf(refused))).not.toContain('hush');

    const config = loadConfig({
      MUSTER_ADMIN_KEY: 'hush-hush-hush-hush',
      DATABASE_URL: 'postgres://me:hush@db/muster',
    });
    expect(config.adminKey).toBe('hush-hush-hush-hush');
    for (const shown of [config, config.database, { config }]) {
      expect(JSON.stringify(shown)).not.toContain('hush');
      expect(inspect(shown, { depth: 9 })).not.toContain('hush');
    }
    expect(JSON.parse(JSON.stringify(config.database))).toMatchObject({ url: '***', poolSize: 10 });
  });

  it('cannot be changed', () => {
    const { http } = loadConfig({});
    expect(() => Object.assign(http, { port: 1 })).toThrow(TypeError);
  });
});

describe('loadClientConfig', () => {
  it('reads what the command line needs, which the service tolerates', () => {
    const env = {
      MUSTER_URL: 'http://one:8080, https://two',
      MUSTER_KEY: 'mst_secret_and_long',
      MUSTER_HOME: '/var/muster',
    };
    expect({ ...loadClientConfig(env) }).toEqual({
      home: '/var/muster',
      urls: ['http://one:8080', 'https://two'],
      key: 'mst_secret_and_long',
    });
    expect(loadConfig(env).home).toBe('/var/muster');
  });

  it('is not disturbed by settings of the service, and refuses names that nobody knows', () => {
    expect({ ...loadClientConfig({ MUSTER_PORT: 'not looked at' }) }).toEqual({ home: '.muster', urls: [] });
    expect(() => loadClientConfig({ MUSTER_KYE: 'x', MUSTER_URL: 'ftp://one' })).toThrow(
      /MUSTER_URL must be a URL that starts with https:.*\n- MUSTER_KYE is not a setting; did you mean MUSTER_KEY/,
    );
  });

  it('does not show the key', () => {
    expect(inspect(loadClientConfig({ MUSTER_KEY: 'mst_secret_and_long' }))).not.toContain('secret');
  });
});

describe('describeSettings', () => {
  it('documents every variable once, with a sentence', () => {
    const rows = describeSettings();
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    for (const row of rows)
      expect(row).toMatchObject({ type: expect.stringMatching(/./), description: expect.stringMatching(/\.$/) });
    expect(rows).toContainEqual({
      name: 'MUSTER_PORT',
      type: 'integer, 0 to 65535',
      default: '8080',
      description: 'Port to listen on; 0 takes a free one.',
    });
    expect(rows.find(({ name }) => name === 'DATABASE_URL')?.default).toBeNull();
  });

  it('gives defaults that are accepted when written out', () => {
    const defaults = describeSettings().flatMap((row) => (row.default === null ? [] : [[row.name, row.default]]));
    expect(loadConfig(Object.fromEntries(defaults))).toEqual(loadConfig({}));
  });
});
