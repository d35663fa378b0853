import { Injectable, type OnModuleInit, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import { ACCESS } from './access.js';

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
  ) {}

  onModuleInit(): void {
    const undeclared = this.discovery.getControllers().flatMap(({ metatype }) => this.undeclared(metatype));
    if (undeclared.length === 0) return;
    throw new Error(`These routes declare neither @Public() nor @RequireScope(…): ${undeclared.join(', ')}`);
  }

  private undeclared(controller: unknown): string[] {
    if (typeof controller !== 'function') return [];
    const prototype = controller.prototype as Record<string, () => unknown>;
    return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
      const handler = prototype[name];
      const method = handler && (Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined);
      if (!handler || method === undefined) return [];
      const access = this.reflector.getAllAndOverride<unknown>(ACCESS, [handler, controller]);
      if (access === 'public') markPublic(handler);
      return access ? [] : [`${controller.name}.${name} (${RequestMethod[method]})`];
    });
  }
}

function markPublic(handler: object): void {
  const config = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as object | undefined;
  Reflect.defineMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { ...config, public: true }, handler);
}
