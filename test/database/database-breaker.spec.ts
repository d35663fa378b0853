import { randomUUID } from 'node:crypto';
import { CircuitOpen, DependencyUnavailable } from '../../src/shared/errors/index.js';
import { type Notebook, notesDatabase, openNotes } from '../support/notes.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

describe('the breaker of the database [S96]', () => {
  let proxy: TcpProxy;
  let app: Notebook;
  let url: string;
  const tenant = randomUUID();

  beforeAll(async () => {
    url = await notesDatabase();
    proxy = await TcpProxy.start(url);
    app = await openNotes({ url: proxy.url });
    await app.notes.add(tenant, 'a');
  });
  afterEach(async () => {
    await proxy.stop();
    await proxy.open();
    app.breaker.reset();
    await until(() => app.notes.titles(tenant).catch(() => undefined));
    app.breaker.reset();
  });
  afterAll(async () => {
    await app.close();
    await proxy.stop();
  });

  const failures = async (): Promise<unknown[]> => {
    const seen: unknown[] = [];
    while (!(seen.at(-1) instanceof CircuitOpen)) {
      seen.push(await app.notes.titles(tenant).catch((error: unknown) => error));
    }
    return seen;
  };

  it('opens when the server is gone: first the failures themselves, then CircuitOpen [S16] [S17]', async () => {
    await proxy.stop();
    const seen = await failures();

    expect(seen.length).toBeGreaterThan(1);
    for (const error of seen.slice(0, -1)) expect(error).toBeInstanceOf(DependencyUnavailable);
    expect(seen.at(-1)).toMatchObject({ kind: 'unavailable', retryAfterSeconds: expect.any(Number) });
  });

  it('asks nothing of the server while it is open [S17]', async () => {
    await proxy.stop();
    await failures();
    await proxy.open();
    const refused = await Promise.allSettled(Array.from({ length: 100 }, () => app.notes.titles(tenant)));

    for (const result of refused) expect(result).toMatchObject({ reason: expect.any(CircuitOpen) });
    expect(proxy.connections).toBe(0);
  });

  it('refuses at once whichever way a call takes to the database [S18]', async () => {
    await proxy.stop();
    await failures();

    const ways = [
      app.notes.titles(tenant),
      app.transactions.begin(),
      app.transactions.run({}, () => Promise.resolve()),
      app.ordinary.notes.find(),
      app.ordinary.dataSource.query('SELECT 1'),
      app.ordinary.dataSource.transaction(() => Promise.resolve()),
      app.database.query('SELECT 1'),
      app.database.copy('COPY notes FROM STDIN', []),
    ];
    for (const result of await Promise.allSettled(ways)) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(CircuitOpen) });
    }
  });

  it('closes by itself once the server is back [S140]', async () => {
    await proxy.stop();
    await failures();
    await proxy.open();
    const titles = await until(() => app.notes.titles(tenant).catch(() => undefined));

    expect(titles).toEqual(['a']);
    expect(app.breaker.getState()).toBe('closed');
  });

  it('closes by itself under load, without a refusal after the first success', async () => {
    await proxy.stop();
    await failures();
    await proxy.open();
    await until(() => app.notes.titles(tenant).catch(() => undefined));

    const results = await Promise.allSettled(Array.from({ length: 300 }, () => app.notes.titles(tenant)));
    expect(results.filter((result) => result.status === 'rejected')).toEqual([]);
  });

  it('is never opened by refusals: conflicts, missing rows, bad values [S16]', async () => {
    for (let round = 0; round < 50; round++) {
      await expect(app.notes.add(tenant, 'a')).rejects.toMatchObject({ code: 'already_exists' });
      await expect(app.notes.add('no uuid', 'a')).rejects.toMatchObject({ code: 'invalid_input' });
      await expect(app.notes.run('SELECT nonsense')).rejects.toMatchObject({ code: 'internal' });
    }

    expect(app.breaker.getState()).toBe('closed');
  });

  it('shows its state among the metrics', async () => {
    await proxy.stop();
    await failures();

    expect(await app.metrics.registry.metrics()).toMatch(/circuit_state\{dependency="database"\} 2/);
  });
});
