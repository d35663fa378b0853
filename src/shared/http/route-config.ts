import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import type { FastifyContextConfig } from 'fastify';

/**
 * Tells Fastify's hooks something about a route, by `request.routeOptions.config`. What was told before stays; Nest's
 * own `RouteConfig` would replace it.
 */
export const RouteConfig =
  (config: FastifyContextConfig): MethodDecorator =>
  (_target, _name, descriptor) => {
    configureRoute(descriptor.value as object, config);
  };

/** The same for the handler of a route, before the routes are made. */
export function configureRoute(handler: object, config: FastifyContextConfig): void {
  Reflect.defineMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { ...routeConfigOf(handler), ...config }, handler);
}

export const routeConfigOf = (handler: object): FastifyContextConfig | undefined =>
  Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as FastifyContextConfig | undefined;
