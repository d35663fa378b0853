import { Injectable, type OnModuleInit, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { configureRoute, routeConfigOf } from '../http/route-config.js';
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
 * Fastify what each declares, beside what the guard reads: so credentials and scope are asked for before the body.
 */
@Injectable()
export class DeclaredRoutes implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {
    // Here, since the routes are made before `onModuleInit`.
    for (const { name, handler, access } of this.routes()) {
      const told = routeConfigOf(handler)?.access ?? access;
      if (told !== access) throw new Error(`${name} is inherited by controllers that declare different access.`);
      if (access) configureRoute(handler, { access });
    }
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
