import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { Webhook } from 'standardwebhooks';
import { eventCatalogue } from '../../src/shared/events/index.js';
import { WebhooksRepository } from '../../src/webhooks/index.js';
import { query } from '../support/database.js';
import { violations } from '../support/json-schema.js';
import { status } from '../support/receiver.js';
import { until } from '../support/until.js';
import { startEndpoints, titlesOf } from './endpoints.js';

describe('a webhook', () => {
  const { given, receiver, tenant } = startEndpoints();

  it('gets the event of the log, signed as Standard Webhooks are', async () => {
    const [hook, ada] = [await receiver(), await tenant()];
    const { secret } = await ada.endpoint(hook.url);
    const task = await ada.task({ title: 'first' });
    const [got] = await hook.first(1);
    const [logged] = (await ada.events.all()).filter(({ type }) => type === 'task.created');

    expect(got?.headers['content-type']).toBe('application/json');
    expect(got?.headers['webhook-id']).toBe(`${ada.workspace.id}:${logged?.seq}`);
    expect(new Webhook(secret).verify(got?.body ?? '', got?.headers ?? {})).toEqual(got?.event);
    expect(got?.event).toMatchObject({
      specversion: '1.0',
      id: `${ada.workspace.id}:${logged?.seq}`,
      type: 'task.created',
      subject: `task/${task.id}`,
      data: logged?.data,
    });
    expect(() => new Webhook(secret).verify(`${got?.body} `, got?.headers ?? {})).toThrow('No matching signature');
  });

  it('is signed with both secrets during a rotation, and with the new one alone after it', async () => {
    const [hook, ada] = [await receiver(), await tenant()];
    const before = await ada.endpoint(hook.url);
    const { body: rotated } = await ada.http.post<typeof before>(`/v1/webhooks/${before.id}/rotate-secret`);
    await ada.tasks('during');
    const [during] = await hook.first(1);
    await ada.http.post(`/v1/webhooks/${before.id}/rotate-secret`, { overlapSeconds: 0 });
    await ada.tasks('after');
    const [, after] = await hook.first(2);
    const verifies = (secret: string, got = during): boolean => {
      try {
        return Boolean(new Webhook(secret).verify(got?.body ?? '', got?.headers ?? {}));
      } catch {
        return false;
      }
    };

    expect(rotated.secret).not.toBe(before.secret);
    expect(Date.parse(rotated.previousSecretUntil ?? '') - Date.now()).toBeGreaterThan(23 * 3_600_000);
    expect([verifies(before.secret), verifies(rotated.secret)]).toEqual([true, true]);
    expect([verifies(before.secret, after), verifies(rotated.secret, after)]).toEqual([false, false]);
    expect((await ada.get(before.id)).previousSecretUntil).toBeNull();
  });

  it('gets what its filters let through, of the feeds it follows, from its registration on', async () => {
    const [all, ofWorkspace, ofTask, ofTenant] = await Promise.all([receiver(), receiver(), receiver(), receiver()]);
    const ada = await tenant();
    const watched = await ada.task({ title: 'watched' });
    const { body: lab } = await ada.http.post<{ id: string }>('/v1/workspaces', { name: 'lab' });
    await ada.register({ url: all.url, types: ['task.*', 'workspace.*'] });
    await ada.endpoint(ofWorkspace.url, { workspaceId: lab.id, types: [] });
    await ada.endpoint(ofTask.url, { types: [], subjects: [watched.id] });
    await ada.register({ url: ofTenant.url, types: ['agent.registered'] });

    await ada.http.post(`/v1/tasks/${watched.id}/cancel`, {});
    await ada.task({ title: 'elsewhere', workspaceId: lab.id });
    const { body: den } = await ada.http.post<{ id: string }>('/v1/workspaces', { name: 'den' });
    await ada.task({ title: 'den', workspaceId: den.id });
    await ada.agent('bob');

    const typesOf = (got: typeof all.received) => got.map(({ event }) => event.type);
    expect(typesOf(await all.first(4)).sort()).toEqual([
      'task.cancelled',
      'task.created',
      'task.created',
      'workspace.created',
    ]);
    expect(typesOf(await ofWorkspace.first(1))).toEqual(['task.created']);
    expect(typesOf(await ofTask.first(1))).toEqual(['task.cancelled']);
    expect(typesOf(await ofTenant.first(1))).toEqual(['agent.registered']);
    await ada.agent('eve');
    await ofTenant.first(2);
    // What stands in two feeds came once.
    expect(all.received).toHaveLength(4);
    expect([ofWorkspace, ofTask].map(({ received }) => received.length)).toEqual([1, 1]);
  });

  it('is tried again after failures, with the same id and body, and the log tells each attempt', async () => {
    const [hook, ada] = [await receiver(status(503)), await tenant()];
    const { id } = await ada.endpoint(hook.url);
    await ada.tasks('first');
    const [one, two] = await hook.first(2);
    hook.respond = status(200);
    const [delivery] = await ada.ended(id, 1);

    expect([two?.body, two?.headers['webhook-id']]).toEqual([one?.body, one?.headers['webhook-id']]);
    expect(delivery).toMatchObject({ status: 'delivered', type: 'task.created', dueAt: null });
    expect(delivery?.history).toHaveLength(delivery?.attempts ?? -1);
    expect(delivery?.history[0]).toMatchObject({ status: 503, response: 'this is 503' });
    expect(delivery?.history[0]?.error).toBe('answered_503: It answered 503.');
    expect(delivery?.history.at(-1)).toMatchObject({ status: 200, error: null, response: 'this is 200' });
    await until(async () => (await ada.get(id)).failingSince === null);
  });

  it('waits as long as the endpoint asks for with Retry-After', async () => {
    const [hook, ada] = [await receiver(status(429, { 'retry-after': '3600' })), await tenant()];
    const { id } = await ada.endpoint(hook.url);
    await ada.tasks('first');
    const [delivery] = await until(async () => {
      const log = await ada.log(id);
      return log[0]?.attempts === 1 ? log : undefined;
    });

    expect(delivery?.status).toBe('pending');
    const waits = Date.parse(delivery?.dueAt ?? '') - Date.now();
    expect(waits).toBeGreaterThan(3_500_000);
    expect(waits).toBeLessThan(3_700_000);
  });

  it('leaves a dead letter after the last attempt, which can be redriven', async () => {
    const [hook, ada] = [await receiver(status(404)), await tenant()];
    const { id } = await ada.endpoint(hook.url);
    await ada.tasks('one', 'two');
    const dead = await ada.ended(id, 2);
    expect(dead.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['dead', 4],
      ['dead', 4],
    ]);
    expect(await ada.log(id, 'status=delivered')).toEqual([]);

    hook.respond = status(200);
    const redrive = (delivery: string) => ada.http.post(`/v1/webhooks/${id}/deliveries/${delivery}/redrive`);
    const { body: again } = await redrive(dead[0]?.id ?? '');
    expect(again).toMatchObject({ status: 'pending', attempts: 0, endedAt: null });
    await until(async () => (await ada.log(id, 'status=delivered')).length === 1);
    const { body: all } = await ada.http.post(`/v1/webhooks/${id}/redrive`, { since: '2000-01-01T00:00:00Z' });
    const ended = await ada.ended(id, 2);

    expect(all).toEqual({ redriven: 1, hasMore: false });
    expect(ended.map(({ status, attempts, history }) => [status, attempts, history.length])).toEqual([
      ['delivered', 1, 5],
      ['delivered', 1, 5],
    ]);
    expect((await ada.http.post(`/v1/webhooks/${id}/redrive`, { since: '2999-01-01T00:00:00Z' })).body).toEqual({
      redriven: 0,
      hasMore: false,
    });
  });

  it('cannot be redriven while it is pending', async () => {
    const [hook, ada] = [await receiver(status(429, { 'retry-after': '3600' })), await tenant()];
    const { id } = await ada.endpoint(hook.url);
    await ada.tasks('first');
    await hook.first(1);
    const [delivery] = await ada.log(id);
    const refusal = await ada.http.post<{ code: string }>(`/v1/webhooks/${id}/deliveries/${delivery?.id}/redrive`);

    expect(refusal.status).toBe(409);
    expect(refusal.body.code).toBe('delivery_pending');
  });

  it('is disabled at once by 410 Gone, which an event tells', async () => {
    const [hook, ada] = [await receiver(status(410)), await tenant()];
    const { id } = await ada.endpoint(hook.url);
    await ada.tasks('first');
    const gone = await until(async () => {
      const now = await ada.get(id);
      return now.enabled ? undefined : now;
    });
    await ada.tasks('second');
    const { body: feed } = await ada.http.get<{ events: { type: string; subject: string; data: object }[] }>(
      '/v1/events?types=webhook.disabled',
    );

    expect(gone).toMatchObject({ disabledReason: 'gone', version: 2 });
    expect(feed.events).toMatchObject([
      { type: 'webhook.disabled', subject: `webhook/${id}`, data: { reason: 'gone', failures: 1, version: 2 } },
    ]);
    const schema = eventCatalogue().find(({ type }) => type === 'webhook.disabled')?.data ?? { enum: [] };
    expect(violations(schema, feed.events[0]?.data)).toEqual([]);
    expect((await ada.ended(id, 1)).map(({ status }) => status)).toEqual(['dead']);
  });

  it('is not disabled by what a former URL answered, and is sent the same at its new one', async () => {
    const answers: (() => void)[] = [];
    const former = await receiver((response) => void answers.push(() => response.writeHead(410).end()));
    const [hook, ada] = [await receiver(), await tenant()];
    const { id } = await ada.endpoint(former.url);
    await ada.tasks('first');
    await former.first(1);
    await ada.http.patch(`/v1/webhooks/${id}`, { url: hook.url }, { headers: { 'if-match': '"1"' } });
    answers[0]?.();
    const [delivery] = await ada.ended(id, 1);

    expect(delivery).toMatchObject({ status: 'delivered', history: [{ status: 410 }, { status: 204 }] });
    expect(await ada.get(id)).toMatchObject({ enabled: true, version: 2, failingSince: null });
    expect(titlesOf(hook)).toEqual(['first']);
  });

  it('has not failed yet at a new URL', async () => {
    const [hook, ada] = [await receiver(status(404)), await tenant()];
    const { id } = await ada.endpoint(hook.url);
    await ada.tasks('first');
    await ada.ended(id, 1);
    expect((await ada.get(id)).failingSince).not.toBeNull();
    const ifMatch = { headers: { 'if-match': '"1"' } };
    const { body } = await ada.http.patch<object>(`/v1/webhooks/${id}`, { url: `${hook.url}/new` }, ifMatch);

    expect(body).toMatchObject({ failingSince: null, enabled: true });
  });

  it('is disabled when everything has failed for days, and goes on when it is enabled again', async () => {
    const [hook, ada] = [await receiver(status(404)), await tenant()];
    const { id } = await ada.endpoint(hook.url);
    await ada.tasks('1', '2', '3', '4');
    await ada.ended(id, 4);
    await query(
      given.node.databaseUrl,
      `UPDATE webhooks SET failing_since = now() - interval '6 days' WHERE id = $1 AND failures = 16`,
      [id],
    );
    await ada.tasks('5', '6');
    const failing = await until(async () => {
      const now = await ada.get(id);
      return now.enabled ? undefined : now;
    });
    expect(failing.disabledReason).toBe('failing');
    const disabledAt = hook.received.length;
    await ada.tasks('while it is disabled');

    hook.respond = status(200);
    const { status: patched, body } = await ada.http.patch<typeof failing>(
      `/v1/webhooks/${id}`,
      { enabled: true },
      { headers: { 'if-match': `"${failing.version}"` } },
    );
    await ada.tasks('after');
    await until(() => titlesOf(hook).includes('after'));

    expect([patched, body.disabledReason, body.failingSince]).toEqual([200, null, null]);
    expect(disabledAt).toBeGreaterThanOrEqual(20);
    expect(titlesOf(hook)).not.toContain('while it is disabled');
  });

  it('gets nothing while it is disabled, and then what was pending', async () => {
    const [hook, fence, ada] = [
      await receiver(status(429, { 'retry-after': '3600' })),
      await receiver(),
      await tenant(),
    ];
    const { id } = await ada.endpoint(hook.url);
    await ada.tasks('first');
    await until(async () => (await ada.log(id))[0]?.attempts === 1);
    const set = (enabled: boolean, version: number) =>
      ada.http.patch(`/v1/webhooks/${id}`, { enabled }, { headers: { 'if-match': `"${version}"` } });
    await set(false, 1);
    await query(given.node.databaseUrl, 'UPDATE webhook_deliveries SET due_at = now() WHERE webhook_id = $1', [id]);
    await ada.endpoint(fence.url);
    await ada.tasks('second');
    await fence.first(1);
    expect(hook.received).toHaveLength(1);

    hook.respond = status(200);
    await set(true, 2);
    const [delivery] = await ada.ended(id, 1);
    expect(delivery).toMatchObject({ status: 'delivered', attempts: 2 });
    expect(titlesOf(hook)).toEqual(['first', 'first']);
  });

  it('gets what happened while it was enabled, though it is disabled before that is looked at', async () => {
    const ada = await tenant();
    const [hook, once, ordered] = [await receiver(), await receiver(), await receiver()];
    const switched = await ada.endpoint(hook.url);
    const { id } = await ada.endpoint(once.url);
    const other = await ada.endpoint(ordered.url, { ordered: true });
    const set = (webhookId: string, enabled: boolean, version: number) =>
      ada.http.patch(`/v1/webhooks/${webhookId}`, { enabled }, { headers: { 'if-match': `"${version}"` } });
    // Deliveries of the tenant are made when the row of its ordered endpoint can be locked.
    await given.node.transactions.run({}, async () => {
      await given.node.get(WebhooksRepository).getForUpdate(ada.tenantId, other.id);
      await given.node.transactions.run({ propagation: 'not_supported' }, async () => {
        await ada.tasks('before');
        await Promise.all([set(switched.id, false, 1), set(id, false, 1)]);
        await ada.tasks('meanwhile');
        await set(switched.id, true, 2);
        await ada.tasks('after');
      });
    });
    await ada.ended(other.id, 3);
    await ada.ended(switched.id, 2);

    expect(titlesOf(hook).sort()).toEqual(['after', 'before']);
    expect((await ada.log(id)).map(({ status }) => status)).toEqual(['pending']);
    await set(id, true, 2);
    await ada.ended(id, 1);
    expect(titlesOf(once)).toEqual(['before']);
  });

  it('is verified by the example of the guide', async () => {
    const [hook, ada] = [await receiver(), await tenant()];
    const { secret } = await ada.endpoint(hook.url);
    await ada.tasks('first');
    const [got] = await hook.first(1);
    const guide = readFileSync(join(__dirname, '..', '..', 'docs', 'webhooks.md'), 'utf8');
    const example = /```js\n([^]*?)```/.exec(guide)?.[1] ?? '';
    const code = example.replace(/^import .*$/m, '').replace('export function', 'function');
    type Verify = (headers: object, body: string, secret: string) => boolean;
    const verify = runInNewContext(`${code}; verify`, { createHmac, timingSafeEqual, Buffer }) as Verify;
    const { headers = {}, body = '' } = got ?? {};

    expect(verify(headers, body, secret)).toBe(true);
    expect(verify(headers, `${body} `, secret)).toBe(false);
    expect(verify(headers, body, `whsec_${'A'.repeat(43)}=`)).toBe(false);
    expect(verify({ ...headers, 'webhook-timestamp': '1' }, body, secret)).toBe(false);
    expect(verify({}, body, secret)).toBe(false);
  });

  it('is measured', async () => {
    const [hook, ada] = [await receiver(status(404)), await tenant()];
    const { id } = await ada.endpoint(hook.url);
    await ada.tasks('first');
    await ada.ended(id, 1);
    const text = await (await fetch(`${given.node.url}/metrics`)).text();
    const value = (name: string): number => Number(new RegExp(`^muster_${name} (\\S+)$`, 'm').exec(text)?.[1]);

    expect(value('webhook_attempts_total\\{outcome="failed"\\}')).toBeGreaterThanOrEqual(3);
    expect(value('webhook_attempts_total\\{outcome="dead"\\}')).toBeGreaterThanOrEqual(1);
    expect(value('webhook_attempt_seconds_count')).toBeGreaterThanOrEqual(4);
    expect(value('webhook_deliveries\\{status="dead"\\}')).toBeGreaterThanOrEqual(1);
    expect(value('webhook_deliveries\\{status="pending"\\}')).toBeGreaterThanOrEqual(0);
    expect(value('webhook_overdue_seconds')).toBeGreaterThanOrEqual(0);
  });

  it('gets a test on request, even when it is disabled', async () => {
    const [hook, ada] = [await receiver(), await tenant()];
    const { id, secret } = await ada.endpoint(hook.url, { enabled: false });
    const good = await ada.http.post(`/v1/webhooks/${id}/test`);
    hook.respond = status(500);
    const bad = await ada.http.post(`/v1/webhooks/${id}/test`);
    const [got] = hook.received;

    expect(good.status).toBe(200);
    expect(good.body).toMatchObject({ delivered: true, status: 204, error: null });
    expect(bad.body).toMatchObject({ delivered: false, status: 500, error: 'answered_500: It answered 500.' });
    expect(new Webhook(secret).verify(got?.body ?? '', got?.headers ?? {})).toMatchObject({ type: 'webhook.test' });
    expect(await ada.log(id)).toEqual([]);
  });

  it('gets four tests at a time, and then more', async () => {
    const held: (() => void)[] = [];
    const [hook, ada] = [await receiver((response) => void held.push(() => response.end())), await tenant()];
    const { id } = await ada.endpoint(hook.url, { enabled: false });
    const test = () => ada.http.post(`/v1/webhooks/${id}/test`);
    const running = Array.from({ length: 4 }, test);
    await until(() => held.length === 4);
    expect(await test()).toMatchObject({ status: 429, body: { code: 'too_many_tests', limit: 4 } });
    for (const answer of held.splice(0)) answer();
    expect((await Promise.all(running)).map(({ status: code }) => code)).toEqual([200, 200, 200, 200]);
    const again = test();
    await until(() => held.length === 1);
    held[0]?.();
    expect((await again).status).toBe(200);
  });

  it('gets nothing of another tenant', async () => {
    const [hook, ada, eve] = [await receiver(), await tenant(), await tenant()];
    await ada.register({ url: hook.url, types: ['task.created'] });
    const secret = await eve.task({ title: 'secret' });
    await ada.register({ url: hook.url, subjects: [secret.id] });
    await eve.http.post(`/v1/tasks/${secret.id}/cancel`);
    await ada.tasks('open');
    await hook.first(1);

    expect(titlesOf(hook)).toEqual(['open']);
  });
});
