import { once } from 'node:events';
import { connect } from 'node:net';
import { Body, Controller, Delete, HttpCode, Post } from '@nestjs/common';
import { Public, RequireScope, StillAllowed } from '../../src/shared/auth/index.js';
import { type AuthApp, type Customer, startAuthApp } from '../support/auth-app.js';
import { until } from '../support/until.js';

@Controller('v1/parcels')
@RequireScope('tasks:write')
class ParcelsController {
  @Post()
  send(): object {
    return {};
  }

  @Delete()
  @HttpCode(204)
  drop(): void {}

  @Post('open')
  @Public()
  open(@Body() body: unknown): unknown {
    return body;
  }

  @Post('waiting')
  async wait(@StillAllowed() check: () => Promise<void>): Promise<never> {
    return until(async () => (await check()) as undefined as never);
  }
}

describe('credentials and the body', () => {
  let app: AuthApp;
  let ada: Customer;

  beforeAll(async () => {
    app = await startAuthApp({ controllers: [ParcelsController] });
    ada = await app.customer();
  });
  afterAll(() => app.stop());

  /** Sends the head of a request whose body never comes, and gives back the first bytes of the answer. */
  async function headOnly(path: string, authorization: string): Promise<string> {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\n${authorization}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n`,
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return answer.toString();
  }

  it.each([
    ['none', ''],
    ['a malformed header', 'Authorization: Basic YTpi\r\n'],
    ['an unknown key', 'Authorization: Bearer mst_development\r\n'],
  ])('refuses %s before the body has come', async (_what, authorization) => {
    expect(await headOnly('/v1/parcels', authorization)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('refuses a key without the scope before the body has come', async () => {
    const { secret } = await app.keyFor(ada, ['read']);
    expect(await headOnly('/v1/parcels', `Authorization: Bearer ${secret}\r\n`)).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('reads the body of a public route from anybody, and of others from who has a key', async () => {
    const open = await app.call('/v1/parcels/open', { method: 'POST', body: { a: 1 } });
    expect([open.status, await open.json()]).toEqual([201, { a: 1 }]);
    const sent = await app.call('/v1/parcels', { method: 'POST', key: ada.key, body: {} });
    expect(sent.status).toBe(201);
  });

  it('takes a DELETE that names a type and has no body', async () => {
    const headers = { 'content-type': 'application/json' };
    expect((await app.call('/v1/parcels', { method: 'DELETE', key: ada.key, headers })).status).toBe(204);
  });

  it('refuses a revoked key to a route that goes on waiting', async () => {
    const { key, secret } = await app.keyFor(ada, ['write']);
    const answer = app.call('/v1/parcels/waiting', { method: 'POST', key: secret });
    await app.call(`/v1/keys/${key.id}`, { method: 'DELETE', key: ada.key });
    expect((await answer).status).toBe(401);
  });
});
