import { type ModuleMetadata, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import {
  ApiKeysService,
  AuthModule,
  type AuthOptions,
  type Caller,
  type CreateApiKey,
  type Scope,
  TenantsService,
} from '../../src/shared/auth/index.js';
import { DatabaseModule } from '../../src/shared/database/index.js';
import { type AdapterOptions, configureHttp, createFastifyAdapter } from '../../src/shared/http/index.js';
import { createLogger, NestLog } from '../../src/shared/logging/index.js';
import { MetricsModule } from '../../src/shared/metrics/index.js';
import { workerDatabase } from './database.js';

export interface AuthAppOptions extends AdapterOptions, AuthOptions {
  database?: string;
  imports?: ModuleMetadata['imports'];
  controllers?: Type[];
  providers?: ModuleMetadata['providers'];
}

export interface Customer {
  tenantId: string;
  /** The tenant's admin, as services are called. */
  admin: Caller;
  /** Its API key. */
  key: string;
}

export interface Call {
  key?: string;
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  redirect?: 'manual';
}

export type AuthApp = Awaited<ReturnType<typeof startAuthApp>>;

/** A real node with everything of shared/auth before the given controllers, on a database with the migrations. */
export async function startAuthApp({
  database,
  imports = [],
  controllers,
  providers,
  ...options
}: AuthAppOptions = {}) {
  const { oidc, rateLimit, redisUrl, upkeep = { intervalMs: 0 }, ...adapter } = options;

  @Module({
    imports: [
      MetricsModule.forRoot({ process: false }),
      DatabaseModule.forRoot({ url: database ?? workerDatabase() }),
      AuthModule.forRoot({ oidc, rateLimit, redisUrl, upkeep }),
      ...imports,
    ],
    controllers,
    providers,
  })
  class AuthAppModule {}

  const lines: string[] = [];
  const logger = createLogger({ level: 'trace', destination: { write: (line: string) => void lines.push(line) } });
  const app = await NestFactory.create<NestFastifyApplication>(AuthAppModule, createFastifyAdapter(adapter), {
    logger: new NestLog(logger),
    abortOnError: false,
  });
  configureHttp(app, { logger, api: { title: 'Test', version: '1.0.0' } });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const keys = app.get(ApiKeysService);

  return {
    app,
    url,
    /** The log so far, as it was written. */
    lines,
    get: <T>(type: Type<T>): T => app.get(type, { strict: false }),
    stop: () => app.close(),

    /** A tenant of its own, with an admin key. */
    async customer(): Promise<Customer> {
      const tenant = await app.get(TenantsService).create(`t-${randomUUID().slice(0, 18)}-test`);
      const { key, secret = '' } = await keys.ensureAdminKey(tenant.id);
      return { tenantId: tenant.id, admin: { tenantId: tenant.id, actorId: key.id, scopes: ['admin'] }, key: secret };
    },

    /** Another key of the tenant. */
    async keyFor({ admin }: Customer, scopes: Scope[], more: Partial<CreateApiKey> = {}) {
      return keys.create(admin, { name: 'test', scopes, ...more });
    },

    call(path: string, { key, method = 'GET', body, headers, redirect }: Call = {}): Promise<Response> {
      return fetch(url + path, {
        method,
        ...(redirect && { redirect }),
        headers: {
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    },
  };
}

export const json = async (response: Response | Promise<Response>): Promise<Record<string, unknown>> =>
  (await (await response).json()) as Record<string, unknown>;
