import { Controller, Get } from '@nestjs/common';
import { exportSPKI, SignJWT } from 'jose';
import { type Caller, CurrentCaller, type OidcOptions, RequireScope } from '../../src/shared/auth/index.js';
import { type AuthApp, type Customer, json, startAuthApp } from '../support/auth-app.js';
import { IdentityProvider } from '../support/identity-provider.js';

@Controller('v1/me')
@RequireScope('tasks:read')
class MeController {
  @Get()
  me(@CurrentCaller() caller: Caller): Caller {
    return caller;
  }
}

describe('access tokens of an identity provider', () => {
  let provider: IdentityProvider;
  let app: AuthApp;
  let ada: Customer;

  const start = (more: Partial<OidcOptions> = {}) => {
    const { issuer, audience, jwksUrl } = provider;
    const oidc = { issuer, audience, jwksUrl, clockToleranceSeconds: 0, cooldownMs: 0, fetchTimeoutMs: 300, ...more };
    return startAuthApp({ controllers: [MeController], oidc, rateLimit: { guessesPerMinute: 0 } });
  };
  const claims = (more = {}) => ({ tenant: ada.tenantId, scope: 'openid tasks:read', ...more });
  const refusal = async (token: string, node = app) => {
    const response = await node.call('/v1/me', { key: token });
    return `${response.status} ${String((await json(response)).code)}`;
  };

  beforeEach(async () => {
    provider = await IdentityProvider.start();
    app = await start();
    ada = await app.customer();
  });
  afterEach(async () => {
    await app.stop();
    await provider.stop();
  });

  it('say who acts, for whom, and what is allowed', async () => {
    const token = await provider.token(claims({ sub: 'ada@example.org' }));
    expect(await json(app.call('/v1/me', { key: token }))).toMatchObject({
      tenantId: ada.tenantId,
      actorId: 'ada@example.org',
      scopes: ['tasks:read'],
    });
  });

  it('are read by the claims that are configured, with scopes as a list', async () => {
    const named = await start({ tenantClaim: 'org', agentClaim: 'agent_id', scopesClaim: 'roles' });
    const token = await provider.token({ org: ada.tenantId, agent_id: 'agent-7', roles: ['read', 'write', 7] });
    expect(await json(named.call('/v1/me', { key: token }))).toMatchObject({
      actorId: 'agent-7',
      scopes: ['read', 'write'],
    });
    await named.stop();
  });

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('are taken with %s', async (alg) => {
    await provider.rotate(alg);
    expect((await app.call('/v1/me', { key: await provider.token(claims()) })).status).toBe(200);
  });

  it('are taken with a key that the provider made since', async () => {
    expect((await app.call('/v1/me', { key: await provider.token(claims()) })).status).toBe(200);
    const former = provider.newest;
    await provider.rotate();

    expect((await app.call('/v1/me', { key: await provider.token(claims({ sub: 'bob' })) })).status).toBe(200);
    expect((await app.call('/v1/me', { key: await provider.token(claims(), { key: former }) })).status).toBe(200);
    expect(provider.fetches).toBe(2);
  });

  it('are checked without asking the provider each time', async () => {
    for (let i = 0; i < 20; i++) await app.call('/v1/me', { key: await provider.token(claims({ sub: `a${i}` })) });
    expect(provider.fetches).toBe(1);
  });

  it('find their keys by discovery', async () => {
    const discovering = await start({ jwksUrl: undefined });
    expect((await discovering.call('/v1/me', { key: await provider.token(claims()) })).status).toBe(200);
    await discovering.stop();
  });

  it.each([
    ['of another issuer', { iss: 'https://elsewhere.example' }, '401 invalid_credentials'],
    ['for another service', { aud: 'billing' }, '401 wrong_audience'],
    ['of a tenant that is not here', { tenant: '0199f6a0-0000-7000-8000-000000000000' }, '401 unknown_tenant'],
    ['of no tenant', { tenant: undefined }, '401 unknown_tenant'],
    ['of a tenant that is no text', { tenant: { id: 1 } }, '401 unknown_tenant'],
    ['of nobody', { sub: undefined }, '401 invalid_credentials'],
    ['without a scope that counts', { scope: 'openid email' }, '403 missing_scope'],
    ['not valid yet', { nbf: 4_000_000_000 }, '401 invalid_credentials'],
    ['that expired', { exp: 1_700_000_000 }, '401 credentials_expired'],
  ])('%s are refused', async (_what, more, expected) => {
    expect(await refusal(await provider.token(claims(more)))).toBe(expected);
  });

  it('end while they are in use', async () => {
    const token = await provider.token(claims(), { expiresIn: '4 seconds' });
    expect((await app.call('/v1/me', { key: token })).status).toBe(200);
    let last = '';
    for (const limit = Date.now() + 20_000; Date.now() < limit && last !== '401 credentials_expired';)
      last = await refusal(token);
    expect(last).toBe('401 credentials_expired');
  });

  it('without a signature are refused', async () => {
    const [, payload = ''] = (await provider.token(claims())).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
    expect(await refusal(`${header}.${payload}.`)).toBe('401 invalid_credentials');
  });

  it('signed with the published key as a shared secret are refused', async () => {
    const { kid, publicKey } = provider.newest;
    const secret = Buffer.from(await exportSPKI(publicKey));
    const forged = await new SignJWT({ iss: provider.issuer, aud: provider.audience, sub: 'eve', ...claims() })
      .setProtectedHeader({ alg: 'HS256', kid })
      .setIssuedAt()
      .setExpirationTime('5 minutes')
      .sign(secret);
    expect(await refusal(forged)).toBe('401 invalid_credentials');
  });

  it('changed after they were signed are refused', async () => {
    const [header, , signature] = (await provider.token(claims())).split('.');
    const payload = Buffer.from(
      JSON.stringify({
        iss: provider.issuer,
        aud: provider.audience,
        sub: 'ada',
        exp: 4_000_000_000,
        ...claims({ scope: 'admin' }),
      }),
    ).toString('base64url');
    expect(await refusal(`${header}.${payload}.${signature}`)).toBe('401 invalid_credentials');
  });

  it('with a signature that is not allowed here are refused', async () => {
    await provider.rotate('RS512');
    expect(await refusal(await provider.token(claims()))).toBe('401 invalid_credentials');
  });

  it('are not judged while the provider’s keys cannot be read', async () => {
    const known = provider.newest;
    expect((await app.call('/v1/me', { key: await provider.token(claims()) })).status).toBe(200);
    await provider.rotate();
    const unheardOf = await provider.token(claims());

    const ailments: [string, IdentityProvider['answer']][] = [
      ['an error', (_path, response) => response.writeHead(500).end()],
      ['no key set', (_path, response) => response.end('{"keys": 1}')],
      ['no JSON', (_path, response) => response.end('<html>')],
      ['silence', () => undefined],
    ];
    for (const [what, answer] of ailments) {
      provider.answer = answer;
      const response = await app.call('/v1/me', { key: unheardOf });
      expect(`${what}: ${response.status}`).toBe(`${what}: 503`);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await app.call('/v1/me', { key: await provider.token(claims({ sub: 'b' }), { key: known }) })).status).toBe(
      200,
    );

    provider.answer = (path, response) => provider.publish(path, response);
    expect((await app.call('/v1/me', { key: unheardOf })).status).toBe(200);
  });

  it('do not get in the way of API keys', async () => {
    provider.answer = (_path, response) => response.writeHead(500).end();
    expect((await app.call('/v1/me', { key: ada.key })).status).toBe(200);
  });
});
