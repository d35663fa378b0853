import { type Respond } from '../support/receiver.js';
import { until } from '../support/until.js';
import { AT_ONCE, startEndpoints } from './endpoints.js';

/** No attempt ends by itself while a test runs. */
const PATIENT = { ...AT_ONCE, MUSTER_WEBHOOKS_TIMEOUT_MS: '60000' };
const FEW = { MUSTER_WEBHOOKS_CONCURRENCY: '4', MUSTER_WEBHOOKS_PER_TENANT: '3', MUSTER_WEBHOOKS_LIMIT: '6' };

describe('tenants that share a node', () => {
  const { receiver, tenant } = startEndpoints({ ...PATIENT, ...FEW });
  const held: (() => void)[] = [];
  const hold: Respond = (response) => void held.push(() => response.writeHead(200).end());
  /** Six endpoints at two hosts, none of which answers before it is told to. */
  const slow = async () => {
    const [hooks, owner] = [[await receiver(hold), await receiver(hold)], await tenant()];
    for (const { url } of [...hooks, ...hooks, ...hooks]) await owner.endpoint(url);
    await owner.tasks('first', 'second');
    return { owner, requests: () => hooks.reduce((all, { received }) => all + received.length, 0) };
  };
  afterEach(() => void held.splice(0));

  it('are sent what is theirs while the endpoints of another do not answer', async () => {
    const eve = await slow();
    await until(() => eve.requests() === 3);
    const [hook, ada] = [await receiver(), await tenant()];
    await ada.endpoint(hook.url);
    await ada.tasks('first', 'second');
    await hook.first(2);

    expect(eve.requests()).toBe(3);
  });

  it('have so many endpoints each, and no more', async () => {
    const [ada, eve] = [await tenant(), await tenant()];
    const url = 'http://127.0.0.1:9/';
    const made = [];
    for (let n = 0; n < 6; n++) made.push((await ada.register({ url, enabled: false })).body);
    const refusal = await ada.register({ url });
    expect(refusal.status).toBe(429);
    expect(refusal.body).toMatchObject({ code: 'too_many_webhooks', limit: 6 });

    expect((await eve.register({ url, enabled: false })).status).toBe(201);
    await ada.http.delete(`/v1/webhooks/${made[0]?.id}`);
    expect((await ada.register({ url, enabled: false })).status).toBe(201);
  });

  it('come in turn: a place that is free goes to who has the fewest requests under way', async () => {
    const eve = await slow();
    await until(() => eve.requests() === 3);
    const bob = await slow();
    await until(() => bob.requests() === 1);
    const ada = await tenant();
    const seen: number[][] = [];
    const hook = await receiver((response, got) => {
      seen.push([eve.requests(), bob.requests()]);
      hold(response, got);
    });
    const { id } = await ada.endpoint(hook.url);
    await ada.tasks('first');
    await until(async () => (await ada.log(id)).length === 1);
    expect(hook.received).toEqual([]);
    held.shift()?.();
    await hook.first(1);

    expect(seen).toEqual([[3, 1]]);
  });
});
