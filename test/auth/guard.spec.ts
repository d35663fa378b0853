import { Controller, Get, Post } from '@nestjs/common';
import { type Caller, CurrentCaller, Public, RequireScope, SCOPES } from '../../src/shared/auth/index.js';
import { type AuthApp, type Customer, json, startAuthApp } from '../support/auth-app.js';

@Controller('v1/things')
@RequireScope('tasks:read')
class ThingsController {
  @Get()
  mine(@CurrentCaller() caller: Caller): Caller {
    return caller;
  }

  @Post()
  @RequireScope('tasks:write')
  change(): object {
    return {};
  }

  @Get('open')
  @Public()
  open(): object {
    return {};
  }
}

@Controller('v1/forgotten')
class ForgottenController {
  @Get()
  @Public()
  declared(): object {
    return {};
  }

  @Post()
  undeclared(): object {
    return {};
  }
}

describe('the guard before every route', () => {
  let app: AuthApp;
  let ada: Customer;

  beforeAll(async () => {
    app = await startAuthApp({ controllers: [ThingsController] });
    ada = await app.customer();
  });
  afterAll(() => app.stop());

  it('hands on who is asking', async () => {
    const { key, secret } = await app.keyFor(ada, ['read'], { actorId: 'agent-7' });
    expect(await json(app.call('/v1/things', { key: secret }))).toMatchObject({
      tenantId: ada.tenantId,
      actorId: 'agent-7',
      keyId: key.id,
      scopes: ['read'],
    });
  });

  it('leaves public routes, and the API page, open', async () => {
    for (const path of ['/v1/things/open', '/openapi.json', '/docs']) expect((await app.call(path)).status).toBe(200);
  });

  it.each([
    ['nothing', undefined, 'missing_credentials'],
    ['an empty header', '', 'missing_credentials'],
    ['a password', `Basic ${Buffer.from('ada:secret').toString('base64')}`, 'missing_credentials'],
    ['two tokens', 'Bearer a b', 'missing_credentials'],
    ['a key that never was', `Bearer mst_development`, 'invalid_credentials'],
    ['a mistyped key', `Bearer mst_${'a'.repeat(46)}`, 'invalid_credentials'],
    ['a token of an identity provider nobody configured', 'Bearer eyJhbGciOiJub25lIn0.e30.', 'invalid_credentials'],
    ['a very long text', `Bearer ${'x'.repeat(9_000)}`, 'invalid_credentials'],
  ])('refuses %s with 401', async (_what, authorization, code) => {
    const response = await app.call('/v1/things', authorization === undefined ? {} : { headers: { authorization } });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="muster"');
    expect(await json(response)).toMatchObject({ code });
  });

  it('names the scope that is missing', async () => {
    const { secret } = await app.keyFor(ada, ['tasks:read', 'agents:write']);
    expect((await app.call('/v1/things', { key: secret })).status).toBe(200);

    const refused = await app.call('/v1/things', { key: secret, method: 'POST' });
    expect(refused.status).toBe(403);
    expect(await json(refused)).toMatchObject({ code: 'missing_scope', required: 'tasks:write' });
  });

  it('lets exactly those scopes write that say so', async () => {
    const writers = [];
    for (const scope of SCOPES) {
      const { secret } = await app.keyFor(ada, [scope]);
      if ((await app.call('/v1/things', { key: secret, method: 'POST' })).ok) writers.push(scope);
    }
    expect(writers).toEqual(['write', 'admin', 'tasks:write']);
  });

  it('writes no secret to the log', async () => {
    const { secret } = await app.keyFor(ada, ['read']);
    const wrong = 'guessed-secret-0123456789';
    await app.call('/v1/things', { key: secret });
    await app.call('/v1/things', { key: wrong });

    expect(app.lines.some((line) => line.includes('unknown credentials'))).toBe(true);
    for (const text of [secret, ada.key, wrong]) {
      expect(app.lines.filter((line) => line.includes(text))).toEqual([]);
    }
  });

  it('does not start with a route that says nothing of who may call it', async () => {
    const starting = startAuthApp({ controllers: [ForgottenController, ThingsController] });
    await expect(starting).rejects.toThrow(/neither .*: ForgottenController\.undeclared \(POST\)$/);
  });
});
