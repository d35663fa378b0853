import { type ServerResponse } from 'node:http';
import { query } from '../support/database.js';
import { status } from '../support/receiver.js';
import { until } from '../support/until.js';
import { AT_ONCE, startEndpoints } from './endpoints.js';

describe('what a webhook must not do', () => {
  describe('where private addresses are refused', () => {
    const { given, receiver, tenant } = startEndpoints({ ...AT_ONCE, MUSTER_WEBHOOKS_ALLOW_PRIVATE: 'false' });

    it.each([
      'http://127.0.0.1/',
      'http://2130706433/',
      'http://0x7f.1/',
      'http://0/',
      'https://10.1.2.3/hook',
      'http://172.16.0.1/',
      'http://192.168.1.1/',
      'http://100.64.0.1/',
      'http://169.254.169.254/latest/meta-data/',
      'http://168.63.129.16/',
      'http://224.0.0.1/',
      'http://255.255.255.255/',
      'http://[::1]/',
      'http://[::]/',
      'http://[::ffff:127.0.0.1]/',
      'http://[::ffff:a00:1]/',
      'http://[::127.0.0.1]/',
      'http://[fe80::1]/',
      'http://[fd00:ec2::254]/',
      'http://[64:ff9b::7f00:1]/',
      'http://[2002:7f00:1::]/',
      'http://[ff02::1]/',
    ])('refuses %s at once', async (url) => {
      const ada = await tenant();
      const refusal = await ada.http.post<{ errors: object[] }>('/v1/webhooks', { url });

      expect(refusal.status).toBe(400);
      expect(refusal.body.errors).toEqual([expect.objectContaining({ field: 'url', rule: 'isAllowedAddress' })]);
    });

    it('does not connect to a name that resolves to one', async () => {
      const [hook, ada] = [await receiver(), await tenant()];
      const { id } = await ada.endpoint(`http://localhost:${hook.port}/`);
      await ada.tasks('first');
      const [delivery] = await ada.ended(id, 1);
      const { body: test } = await ada.http.post<{ error: string }>(`/v1/webhooks/${id}/test`);

      expect(delivery).toMatchObject({ status: 'dead', attempts: 4 });
      expect(delivery?.history[0]?.error).toMatch(/^address_refused: localhost is at a private address/);
      expect(test.error).toMatch(/^address_refused/);
      expect(hook.received).toEqual([]);
    });

    it('does not connect to one that came into the database by another way', async () => {
      const [hook, ada] = [await receiver(), await tenant()];
      const { id } = await ada.endpoint('http://example.invalid/');
      await query(given.node.databaseUrl, 'UPDATE webhooks SET url = $2 WHERE id = $1', [id, hook.url]);
      const { body: test } = await ada.http.post<{ error: string }>(`/v1/webhooks/${id}/test`);

      expect(test.error).toMatch(/^address_refused: 127\.0\.0\.1/);
      expect(hook.received).toEqual([]);
    });
  });

  describe('where some are allowed', () => {
    const { receiver, tenant } = startEndpoints({ ...AT_ONCE, MUSTER_WEBHOOKS_TIMEOUT_MS: '700' });
    const tested = async (url: string) => {
      const ada = await tenant();
      const { id } = await ada.endpoint(url);
      const { body } = await ada.http.post<{
        delivered: boolean;
        error: string | null;
        response: string;
        status: number;
      }>(`/v1/webhooks/${id}/test`);
      return body;
    };

    it('follows 307 and 308, with method, body and signature', async () => {
      const target = await receiver();
      const hook = await receiver((response, got) =>
        status(got.path === '/hook' ? 307 : 308, { location: got.path === '/hook' ? '/more' : target.url })(
          response,
          got,
        ),
      );
      const { delivered } = await tested(hook.url);

      expect(delivered).toBe(true);
      expect(hook.received.map(({ path }) => path)).toEqual(['/hook', '/more']);
      const [first, last] = [hook.received[0], target.received[0]];
      expect([last?.body, last?.headers['webhook-signature']]).toEqual([
        first?.body,
        first?.headers['webhook-signature'],
      ]);
    });

    it.each([
      ['http://10.0.0.1/', 'address_refused: 10.0.0.1'],
      ['http://[::1]/', 'address_refused: [::1]'],
      ['http://localhost.localdomain@127.0.0.1/', 'redirect_refused: It redirected to a URL with credentials.'],
      ['ftp://example.com/', 'redirect_refused: It redirected to another protocol than HTTPS.'],
      ['http://[', 'redirect_refused: It redirected to what is no URL.'],
    ])('does not follow a redirect to %s', async (location, error) => {
      const hook = await receiver(status(307, { location }));
      const result = await tested(hook.url);

      expect(result.delivered).toBe(false);
      expect(result.error).toContain(error);
      expect(hook.received).toHaveLength(1);
    });

    it('follows no redirect that would become a GET, and no circle', async () => {
      const found = await receiver(status(302, { location: '/elsewhere' }));
      const circle = await receiver(status(308, { location: '/again' }));

      expect(await tested(found.url)).toMatchObject({ delivered: false, error: 'answered_302: It answered 302.' });
      expect((await tested(circle.url)).error).toBe('redirect_refused: It redirected more than 3 times.');
      expect([found.received.length, circle.received.length]).toEqual([1, 4]);
    });

    it('reads little of a huge answer, and keeps less', async () => {
      let written = 0;
      const hook = await receiver((response) => {
        response.writeHead(200);
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536))) written += 65_536;
          if (!response.destroyed) response.once('drain', more);
        };
        response.once('close', () => (written += 0.5));
        more();
      });
      const result = await tested(hook.url);
      await until(() => written % 1 !== 0);

      expect(result).toMatchObject({ delivered: true, status: 200, error: null, response: 'x'.repeat(1_024) });
      expect(written).toBeLessThan(64 * 1024 * 1024);
    });

    it('does not wait for an answer that does not begin, nor for the end of one that does', async () => {
      const open: ServerResponse[] = [];
      const silent = await receiver((response) => void open.push(response));
      const endless = await receiver((response) => {
        open.push(response);
        response.writeHead(200).write('and so\0 on');
      });

      expect(await tested(silent.url)).toMatchObject({
        delivered: false,
        status: null,
        error: 'timeout: No answer within 700 ms.',
      });
      expect(await tested(endless.url)).toMatchObject({ delivered: true, status: 200, response: 'and so on' });
      await until(() => open.every((response) => response.destroyed));
    });
  });
});
