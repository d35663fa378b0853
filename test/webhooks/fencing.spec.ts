import { DispatchRepository } from '../../src/webhooks/dispatch.repository.js';
import { AT_ONCE, startEndpoints } from './endpoints.js';

const ATTEMPT = { at: new Date(0).toISOString(), durationMs: 1, status: 200, error: null, response: null };

describe('a node that had a delivery until another took it', () => {
  const { given, receiver, tenant } = startEndpoints({ ...AT_ONCE, MUSTER_WEBHOOKS_TIMEOUT_MS: '60000' });

  /** A delivery that this node has taken, as it would be known by the one that had it before. */
  const taken = async () => {
    const [hook, ada] = [await receiver(() => undefined), await tenant()];
    const { id: webhookId } = await ada.endpoint(hook.url);
    await ada.tasks('first');
    await hook.first(1);
    const sql = 'SELECT * FROM webhook_deliveries WHERE tenant_id = $1';
    const row = async () => (await ada.rows<{ id: string; epoch: number }>(sql))[0];
    const { id = '', epoch = 0 } = (await row()) ?? {};
    const claimed = { tenantId: ada.tenantId, webhookId, id, epoch, attempts: 0, version: 1, failing: false };
    const sent = { eventId: 'x', body: '{}', occurredAt: new Date(), url: hook.url, host: 'x', secrets: [] };
    return { row, present: { ...claimed, ...sent }, former: { ...claimed, ...sent, epoch: epoch - 1 } };
  };
  const repository = () => given.node.get(DispatchRepository);

  it('does not conclude it, whatever came of its attempt', async () => {
    const { row, former, present } = await taken();
    const before = await row();

    expect(await repository().delivered(former, ATTEMPT)).toBe(false);
    expect(await repository().died(former, ATTEMPT)).toBe(false);
    expect(await repository().retry(former, ATTEMPT, 60)).toBe(false);
    expect(await row()).toEqual(before);
    expect(await repository().delivered(present, ATTEMPT)).toBe(true);
    expect(await row()).toMatchObject({ status: 'delivered', attempts: 1, history: [ATTEMPT] });
  });

  it('does not give it back', async () => {
    const { row, former, present } = await taken();
    const before = await row();
    await repository().postpone(former, 3_600);
    expect(await row()).toEqual(before);

    await repository().postpone(present, 3_600);
    expect(await row()).toMatchObject({ status: 'pending', attempts: 0, epoch: present.epoch });
    expect(await row()).not.toEqual(before);
  });

  it('does not conclude it twice', async () => {
    const { row, present } = await taken();
    await repository().died(present, ATTEMPT);
    const dead = await row();

    expect(await repository().delivered(present, ATTEMPT)).toBe(false);
    await repository().postpone(present, 3_600);
    expect(await row()).toEqual(dead);
  });
});
