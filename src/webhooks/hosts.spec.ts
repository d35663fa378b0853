import { CircuitOpen } from '../shared/errors/index.js';
import { Hosts } from './hosts.js';
import { WebhookSettings } from './webhook.settings.js';
import { SendingFailed } from './webhooks.errors.js';

const HOST = { tenantId: 'ada', host: 'example.com' };

describe('hosts', () => {
  const failing = (hostFailed: boolean) => () => Promise.reject(new SendingFailed('x', 'x', hostFailed));
  const times = async (count: number, act: () => Promise<unknown>): Promise<void> => {
    for (let n = 0; n < count; n++) await act().catch(() => undefined);
  };
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] }));
  afterEach(() => void jest.useRealTimers());

  it('have less room while requests are under way', async () => {
    const hosts = new Hosts(new WebhookSettings({ perHost: 2 }));
    let answer = (): void => undefined;
    const running = [0, 1].map(() => hosts.run(HOST, () => new Promise<void>((resolve) => (answer = resolve))));
    expect(hosts.room().hosts).toEqual([{ ...HOST, free: 0 }]);
    answer();
    await running[1];

    expect(hosts.room().hosts).toEqual([{ ...HOST, free: 1 }]);
  });

  it('have none while they do not answer, then for one request that finds out', async () => {
    const hosts = new Hosts(new WebhookSettings({}));
    await times(5, () => hosts.run(HOST, failing(true)));
    expect(hosts.room().hosts).toEqual([{ ...HOST, free: 0 }]);
    await expect(hosts.run(HOST, () => Promise.resolve())).rejects.toThrow(CircuitOpen);

    jest.advanceTimersByTime(30_000);
    expect(hosts.room().hosts).toEqual([{ ...HOST, free: 1 }]);
    const probe = hosts.run(HOST, () => Promise.resolve());
    expect(hosts.room().hosts).toEqual([{ ...HOST, free: 0 }]);
    await probe;

    expect(hosts.room().hosts).toEqual([]);
  });

  it('are as each tenant finds them', async () => {
    const hosts = new Hosts(new WebhookSettings({}));
    const ofEve = { ...HOST, tenantId: 'eve' };
    await times(5, () => hosts.run(ofEve, failing(true)));

    expect(hosts.room().hosts).toEqual([{ ...ofEve, free: 0 }]);
    await expect(hosts.run(HOST, () => Promise.resolve('answer'))).resolves.toBe('answer');
  });

  it('leave a tenant less room, all together', async () => {
    const hosts = new Hosts(new WebhookSettings({ perTenant: 3 }));
    const answers: (() => void)[] = [];
    const running = ['one', 'two'].map((host) =>
      hosts.run({ ...HOST, host }, () => new Promise<void>((resolve) => answers.push(resolve))),
    );
    expect(hosts.room().tenants).toEqual([{ tenantId: HOST.tenantId, free: 1 }]);
    for (const answer of answers) answer();
    await Promise.all(running);

    expect(hosts.room().tenants).toEqual([]);
  });

  it('answer when they refuse a request', async () => {
    const hosts = new Hosts(new WebhookSettings({}));
    await times(20, () => hosts.run(HOST, failing(false)));

    expect(hosts.room().hosts).toEqual([]);
  });

  it('are forgotten when there are too many of them, the longest unused first', async () => {
    const hosts = new Hosts(new WebhookSettings({}));
    await times(5, () => hosts.run({ ...HOST, host: 'first' }, failing(true)));
    await times(5, () => hosts.run({ ...HOST, host: 'second' }, failing(true)));
    for (let n = 0; n < 1_999; n++) await hosts.run({ ...HOST, host: `host${n}` }, () => Promise.resolve());

    expect(hosts.room().hosts.map(({ host }) => host)).toEqual(['second']);
  });
});
