import { CircuitOpen } from '../shared/errors/index.js';
import { Hosts } from './hosts.js';
import { WebhookSettings } from './webhook.settings.js';
import { SendingFailed } from './webhooks.errors.js';

const HOST = 'example.com';

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
    expect(hosts.taken()).toEqual([{ host: HOST, free: 0 }]);
    answer();
    await running[1];

    expect(hosts.taken()).toEqual([{ host: HOST, free: 1 }]);
  });

  it('have none while they do not answer, then for one request that finds out', async () => {
    const hosts = new Hosts(new WebhookSettings({}));
    await times(5, () => hosts.run(HOST, failing(true)));
    expect(hosts.taken()).toEqual([{ host: HOST, free: 0 }]);
    await expect(hosts.run(HOST, () => Promise.resolve())).rejects.toThrow(CircuitOpen);

    jest.advanceTimersByTime(30_000);
    expect(hosts.taken()).toEqual([{ host: HOST, free: 1 }]);
    const probe = hosts.run(HOST, () => Promise.resolve());
    expect(hosts.taken()).toEqual([{ host: HOST, free: 0 }]);
    await probe;

    expect(hosts.taken()).toEqual([]);
  });

  it('answer when they refuse a request', async () => {
    const hosts = new Hosts(new WebhookSettings({}));
    await times(20, () => hosts.run(HOST, failing(false)));

    expect(hosts.taken()).toEqual([]);
  });

  it('are forgotten when there are too many of them, the longest unused first', async () => {
    const hosts = new Hosts(new WebhookSettings({}));
    await times(5, () => hosts.run('first', failing(true)));
    await times(5, () => hosts.run('second', failing(true)));
    for (let n = 0; n < 1_999; n++) await hosts.run(`host${n}`, () => Promise.resolve());

    expect(hosts.taken().map(({ host }) => host)).toEqual(['second']);
  });
});
