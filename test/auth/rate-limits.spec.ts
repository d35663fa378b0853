import { Controller, Get } from '@nestjs/common';
import { RequireScope } from '../../src/shared/auth/index.js';
import { type AuthApp, type AuthAppOptions, type Customer, json, startAuthApp } from '../support/auth-app.js';
import { describeWithRedis, redisUrl } from '../support/redis.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

@Controller('v1/ping')
@RequireScope('read')
class PingController {
  @Get()
  ping(): object {
    return {};
  }
}

const apps: AuthApp[] = [];
const start = async (options: AuthAppOptions) => {
  const app = await startAuthApp({ controllers: [PingController], ...options });
  apps.push(app);
  return app;
};
afterEach(() => Promise.all(apps.splice(0).map((app) => app.stop())));

const statuses = async (app: AuthApp, key: string, times: number) => {
  const responses = await Promise.all(Array.from({ length: times }, () => app.call('/v1/ping', { key })));
  return { passed: responses.filter(({ ok }) => ok).length, refused: responses.filter(({ ok }) => !ok) };
};

describe('rate limits', () => {
  it('let exactly the burst through, however many come at once', async () => {
    const app = await start({ rateLimit: { keyPerSecond: 0.5, keyBurst: 30 } });
    const { key } = await app.customer();
    const { passed, refused } = await statuses(app, key, 100);

    expect(passed).toBe(30);
    for (const response of refused) {
      expect(response.status).toBe(429);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(50);
      expect(response.headers.get('ratelimit-limit')).toBe('30');
      expect(response.headers.get('ratelimit-remaining')).toBe('0');
      expect(await json(response)).toMatchObject({
        code: 'rate_limited',
        limitedBy: 'key',
        limit: 30,
        windowSeconds: 60,
      });
    }
  });

  it('tell what is left', async () => {
    const app = await start({ rateLimit: { keyPerSecond: 1, keyBurst: 10 } });
    const { key } = await app.customer();
    const response = await app.call('/v1/ping', { key });
    expect(response.headers.get('ratelimit-limit')).toBe('10');
    expect(response.headers.get('ratelimit-remaining')).toBe('9');
    expect(Number(response.headers.get('ratelimit-reset'))).toBeLessThanOrEqual(10);
  });

  it('end after their time', async () => {
    const app = await start({ rateLimit: { keyPerSecond: 3 } });
    const { key } = await app.customer();
    expect((await statuses(app, key, 10)).passed).toBeLessThanOrEqual(6);
    await until(async () => (await app.call('/v1/ping', { key })).ok);
  });

  it('count the keys of a tenant together, and tenants apart', async () => {
    const app = await start({ rateLimit: { tenantPerSecond: 0.2, tenantBurst: 12 } });
    const [ada, eve] = [await app.customer(), await app.customer()];
    const second = (await app.keyFor(ada, ['read'])).secret;

    const counts = [(await statuses(app, ada.key, 10)).passed, (await statuses(app, second, 10)).passed];
    expect(counts).toEqual([10, 2]);
    expect((await statuses(app, eve.key, 10)).passed).toBe(10);
  });

  it('do not let a greedy key use up its tenant’s share by being refused', async () => {
    const app = await start({ rateLimit: { keyPerSecond: 0.1, keyBurst: 5, tenantPerSecond: 0.2, tenantBurst: 12 } });
    const ada = await app.customer();
    const second = (await app.keyFor(ada, ['read'])).secret;
    expect((await statuses(app, ada.key, 50)).passed).toBe(5);
    expect((await statuses(app, second, 5)).passed).toBe(5);
  });

  it('do not limit unless asked to', async () => {
    const app = await start({});
    const { key } = await app.customer();
    expect((await statuses(app, key, 200)).passed).toBe(200);
    expect((await app.call('/v1/ping', { key })).headers.has('ratelimit-limit')).toBe(false);
  });
});

describe('guessing credentials', () => {
  const guess = (i: number) => `guess-number-${i}-abcdefgh`;

  it('is stopped for the address it comes from, while those known to be good go on', async () => {
    const app = await start({ rateLimit: { guessesPerMinute: 10 }, trustProxy: true });
    const { key } = await app.customer();
    const from = (address: string, token: string) =>
      app.call('/v1/ping', { key: token, headers: { 'x-forwarded-for': address } });
    expect((await from('192.0.2.1', key)).status).toBe(200);

    const answers = [];
    for (let i = 0; i < 15; i++) answers.push((await from('192.0.2.1', guess(i))).status);
    expect(answers).toEqual([...Array.from({ length: 10 }, () => 401), ...Array.from({ length: 5 }, () => 429)]);

    expect((await from('192.0.2.1', key)).status).toBe(200);
    expect((await from('192.0.2.2', guess(99))).status).toBe(401);
  });

  it('does not get further from another address of the same IPv6 network', async () => {
    const app = await start({ rateLimit: { guessesPerMinute: 5 }, trustProxy: true });
    const answers = [];
    for (let i = 0; i < 8; i++) {
      const headers = { 'x-forwarded-for': `2001:db8:1:2::${i + 1}` };
      answers.push((await app.call('/v1/ping', { key: guess(i), headers })).status);
    }
    expect(answers.filter((status) => status === 401)).toHaveLength(5);
    const headers = { 'x-forwarded-for': '2001:db8:1:3::1' };
    expect((await app.call('/v1/ping', { key: guess(9), headers })).status).toBe(401);
  });

  it('is not what a fleet with good keys does, nor one with a revoked key', async () => {
    const app = await start({ rateLimit: { guessesPerMinute: 3 } });
    const ada = await app.customer();
    const keys = await Promise.all(Array.from({ length: 30 }, async () => (await app.keyFor(ada, ['read'])).secret));
    const fleet = await Promise.all(keys.map((key) => app.call('/v1/ping', { key })));
    expect(fleet.every(({ ok }) => ok)).toBe(true);

    const { key, secret } = await app.keyFor(ada, ['read']);
    await app.call(`/v1/keys/${key.id}`, { key: ada.key, method: 'DELETE' });
    for (let i = 0; i < 10; i++) expect((await app.call('/v1/ping', { key: secret })).status).toBe(401);
    expect((await app.call('/v1/ping', { key: (await app.keyFor(ada, ['read'])).secret })).status).toBe(200);
  });
});

describeWithRedis('rate limits in Redis', () => {
  const limited = (url: string) => start({ redisUrl: url, rateLimit: { keyPerSecond: 0.5, keyBurst: 30 } });
  const total = async (nodes: AuthApp[], ada: Customer, times: number) => {
    const results = await Promise.all(nodes.map((node) => statuses(node, ada.key, times)));
    return results.reduce((sum, { passed }) => sum + passed, 0);
  };

  it('are counted for all nodes together', async () => {
    const nodes = [await limited(redisUrl()), await limited(redisUrl())] as const;
    const ada = await nodes[0].customer();
    expect(await total([...nodes], ada, 40)).toBe(30);
  });

  it('are taken in lots where they are large, and never exceeded', async () => {
    const rateLimit = { keyPerSecond: 10, keyBurst: 400 };
    const nodes = [
      await start({ redisUrl: redisUrl(), rateLimit }),
      await start({ redisUrl: redisUrl(), rateLimit }),
    ] as const;
    const ada = await nodes[0].customer();
    const passed = await total([...nodes], ada, 300);
    expect(passed).toBeLessThanOrEqual(400);
    expect(passed).toBeGreaterThanOrEqual(392);
  });

  it('are counted by the node alone while Redis is gone, and together again afterwards', async () => {
    const proxy = await TcpProxy.start(redisUrl());
    const app = await limited(proxy.url);
    const together = await limited(redisUrl());
    const [ada, bob] = [await app.customer(), await app.customer()];
    expect((await statuses(app, ada.key, 20)).passed).toBe(20);

    await proxy.stop();
    expect((await statuses(app, bob.key, 50)).passed).toBe(30);

    await proxy.open();
    const eve = await app.customer();
    await until(async () => {
      await app.call('/v1/ping', { key: eve.key });
      const left = (await together.call('/v1/ping', { key: eve.key })).headers.get('ratelimit-remaining');
      return Number(left) < 29;
    });
    await Promise.all(apps.splice(0).map((node) => node.stop()));
    await proxy.stop();
  });

  it('do not hold a request up for a Redis that has gone silent', async () => {
    const proxy = await TcpProxy.start(redisUrl());
    const app = await limited(proxy.url);
    const { key } = await app.customer();
    await until(async () => (await app.call('/v1/ping', { key })).ok && proxy.connections > 0);

    proxy.freeze();
    const startedAt = performance.now();
    for (let i = 0; i < 20; i++) expect((await app.call('/v1/ping', { key })).status).toBe(200);
    // Five at most wait 50 ms, then the breaker lets one a second find out.
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await Promise.all(apps.splice(0).map((node) => node.stop()));
    await proxy.stop();
  });
});
