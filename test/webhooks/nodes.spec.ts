import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebhookUpkeep } from '../../src/webhooks/index.js';
import { startMuster } from '../support/cli.js';
import { query, scratchDatabase } from '../support/database.js';
import { startNode } from '../support/given.js';
import { HttpClient } from '../support/http-client.js';
import { startReceiver, status } from '../support/receiver.js';
import { until } from '../support/until.js';
import { AT_ONCE, startEndpoints, titlesOf } from './endpoints.js';

/** Longer than it takes to kill a node whose request is not answered; a lease is twice that and five seconds. */
const PATIENT = { ...AT_ONCE, MUSTER_WEBHOOKS_TIMEOUT_MS: '2000' };
const ADMIN_KEY = 'k'.repeat(40);

describe('nodes that send webhooks', () => {
  describe('beside each other', () => {
    const { given, receiver, tenant } = startEndpoints(AT_ONCE, 2);

    it('send every delivery once', async () => {
      const [hook, ada] = [await receiver(), await tenant()];
      const { id } = await ada.endpoint(hook.url);
      const titles = Array.from({ length: 60 }, (_, n) => String(n));
      await Promise.all(titles.map((title) => ada.tasks(title)));
      const log = await ada.ended(id, 60);

      expect(titlesOf(hook).sort()).toEqual(titles.sort());
      expect(new Set(log.map(({ eventId }) => eventId)).size).toBe(60);
    });

    it('keep the log for a while, and what waits for a deleted endpoint not at all', async () => {
      const [hook, ada] = [await receiver(status(429, { 'retry-after': '3600' })), await tenant()];
      const old = await ada.endpoint(hook.url);
      await ada.tasks('waits');
      const fine = await receiver();
      const { id } = await ada.endpoint(fine.url);
      await ada.tasks('old', 'new');
      const [first] = await ada.ended(id, 2);
      await ada.http.delete(`/v1/webhooks/${old.id}`);
      const remain = () => ada.rows('SELECT id FROM webhook_deliveries WHERE tenant_id = $1');
      await until(async () => (await remain()).length === 5);
      await query(
        given.node.databaseUrl,
        `UPDATE webhook_deliveries SET ended_at = now() - interval '15 days' WHERE id = $1`,
        [first?.id],
      );
      await given.node.get(WebhookUpkeep).run();

      expect((await remain()).length).toBe(1);
      expect((await ada.log(id)).map((delivery) => delivery.id)).not.toContain(first?.id);
    });

    it('ask a host that does not answer less and less, without using up attempts', async () => {
      const [hook, ada] = [await receiver(status(500)), await tenant()];
      const { id } = await ada.endpoint(hook.url);
      await ada.tasks(...Array.from({ length: 30 }, (_, n) => String(n)));
      await until(async () => (await ada.log(id)).length === 30);
      // What a breaker kept back is no attempt: each of them is one request.
      const attempts = async (): Promise<number> =>
        (await ada.log(id)).reduce((all, delivery) => all + delivery.attempts, 0);
      await until(async () => hook.received.length >= 5 && (await attempts()) === hook.received.length);

      expect((await ada.log(id, 'status=pending')).length).toBeGreaterThan(0);
      // Five calls for each of two breakers, and what was under way by then.
      expect(hook.received.length).toBeLessThan(60);
    });
  });

  it('lose nothing when one is killed in the middle: another one sends what it had', async () => {
    const database = await scratchDatabase();
    const home = mkdtempSync(join(tmpdir(), 'muster-webhooks-'));
    const hook = await startReceiver(() => undefined);
    const child = startMuster(['--json', 'start'], {
      env: { DATABASE_URL: database, MUSTER_HOME: home, MUSTER_PORT: '0', MUSTER_ADMIN_KEY: ADMIN_KEY, ...PATIENT },
    });
    try {
      const http = new HttpClient(await urlOf(child), ADMIN_KEY);
      const { body } = await http.post<{ id: string }>('/v1/webhooks', {
        url: hook.url,
        types: ['task.created'],
        ordered: true,
      });
      for (const title of ['0', '1', '2']) await http.post('/v1/tasks', { type: 'build', title });
      await hook.first(1);
      child.kill('SIGKILL');
      await once(child, 'close');

      hook.respond = status(200);
      const heir = await startNode(database, PATIENT);
      const log = () =>
        new HttpClient(heir.url, ADMIN_KEY).get<{ items: object[] }>(
          `/v1/webhooks/${body.id}/deliveries?status=delivered`,
        );
      await until(async () => (await log()).body.items.length === 3);
      await heir.stop();

      expect(titlesOf(hook)).toEqual(['0', '0', '1', '2']);
    } finally {
      child.kill('SIGKILL');
      await hook.stop();
      rmSync(home, { recursive: true, force: true });
    }
  });
});

/** Where a command that was started serves, once it does. */
async function urlOf(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout ?? ([] as never) })) {
    const said = JSON.parse(line) as { msg: string; url: string };
    if (said.msg === 'ready') return said.url;
  }
  throw new Error('It ended before it was ready.');
}
