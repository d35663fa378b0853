import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

interface SigningKey {
  kid: string;
  alg: string;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  jwk: JWK;
}

/** A real identity provider as far as verifiers see one: discovery, published keys and tokens. */
export class IdentityProvider {
  readonly audience = 'muster';
  /** How many times the keys were asked for. */
  fetches = 0;
  /** How requests are answered; a test may put another in its place. */
  answer: (path: string, response: ServerResponse) => void = (path, response) => this.publish(path, response);
  private readonly keys: SigningKey[] = [];
  private readonly server = createServer((request, response) => this.answer(request.url ?? '', response));

  static async start(): Promise<IdentityProvider> {
    const provider = new IdentityProvider();
    provider.server.listen(0, '127.0.0.1');
    await once(provider.server, 'listening');
    await provider.rotate();
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get jwksUrl(): string {
    return `${this.issuer}/keys`;
  }

  get newest(): SigningKey {
    return this.keys.at(-1) as SigningKey;
  }

  /** Signs with a new key from now on; the former stays published. */
  async rotate(alg = 'ES256'): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(alg);
    const kid = `key-${this.keys.length + 1}`;
    this.keys.push({ kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } });
  }

  token(claims: JWTPayload, { key = this.newest, expiresIn = '5 minutes' } = {}): Promise<string> {
    return new SignJWT({ iss: this.issuer, aud: this.audience, sub: 'ada', ...claims })
      .setProtectedHeader({ alg: key.alg, kid: key.kid })
      .setIssuedAt()
      .setExpirationTime(claims.exp ?? expiresIn)
      .sign(key.privateKey);
  }

  publish(path: string, response: ServerResponse): void {
    if (path === '/keys') this.fetches++;
    const body =
      path === '/keys'
        ? { keys: this.keys.map(({ jwk }) => jwk) }
        : { issuer: this.issuer, jwks_uri: this.jwksUrl, authorization_endpoint: `${this.issuer}/authorize` };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
