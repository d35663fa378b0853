import { Injectable, type OnModuleInit, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import { ACCESS, type Access } from './access.js';

interface Route {
  /** Class and method. */
  name: string;
  handler: () => unknown;
  method: RequestMethod;
  access: Access | undefined;
}

/**
 * Refuses to start an application with a route that declares neither `@Public()` nor `@RequireScope(…)`, and tells
 * Fastify which are public. That is told beside what the guard reads: it decides when credentials are asked for, before
 * the body or after it, never whether.
 */
@Injectable()
export class DeclaredRoutes implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {
    // Here, since the routes are made before `onModuleInit`.
    for (const { handler, access } of this.routes()) if (access === 'public') markPublic(handler);
  }

  onModuleInit(): void {
    const undeclared = this.routes().filter(({ access }) => !access);
    if (undeclared.length === 0) return;
    const names = undeclared.map(({ name, method }) => `${name} (${RequestMethod[method]})`);
    throw new Error(`These routes declare neither @Public() nor @RequireScope(…): ${names.join(', ')}`);
  }

  private routes(): Route[] {
    return this.discovery.getControllers().flatMap(({ metatype }) => this.routesOf(metatype));
  }

  private routesOf(controller: unknown): Route[] {
    if (typeof controller !== 'function') return [];
    const prototype = controller.prototype as Record<string, () => unknown>;
    return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
      const handler = prototype[name];
      const method = handler && (Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined);
      if (!handler || method === undefined) return [];
      const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [handler, controller]);
      return [{ name: `${controller.name}.${name}`, handler, method, access }];
    });
  }
}

function markPublic(handler: object): void {
  const config = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as object | undefined;
  Reflect.defineMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { ...config, public: true }, handler);
}
