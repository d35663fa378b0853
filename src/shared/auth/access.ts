import { createParamDecorator, type CustomDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { MissingCredentials } from './auth.errors.js';
import type { Principal, Scope } from './caller.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the guard once the credentials were found good. */
    caller?: Principal;
    /** Set with `caller`: judges the same credentials again. */
    stillAllowed?: () => Promise<void>;
  }
  interface FastifyContextConfig {
    /** Told by `DeclaredRoutes`. */
    access?: Access;
  }
}

export const ACCESS = 'muster:access';

/** What a route asks of whoever calls it: nothing, good credentials, or a scope. A route that says none stops the application's start. */
export type Access = 'public' | 'credentials' | Scope;

/** Opens a route, or all routes of a controller, to callers without credentials. */
export const Public = (): CustomDecorator => SetMetadata(ACCESS, 'public' satisfies Access);

/** The scope a route asks for, or all routes of a controller that do not name their own. */
export const RequireScope = (scope: Scope): CustomDecorator => SetMetadata(ACCESS, scope satisfies Access);

/** For a route that anybody with good credentials may call, whatever their scopes. */
export const RequireCredentials = (): CustomDecorator => SetMetadata(ACCESS, 'credentials' satisfies Access);

/** `@CurrentCaller() caller: Caller`: who is asking, on any route that is not public. */
export const CurrentCaller: () => ParameterDecorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): Principal => {
    const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
    if (!caller) throw new MissingCredentials();
    return caller;
  },
);

/**
 * `@StillAllowed() check: () => Promise<void>`: for a route that waits, to ask before each further look. It refuses
 * credentials that were revoked or have ended since; what was found good within the last second is believed.
 */
export const StillAllowed: () => ParameterDecorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): (() => Promise<void>) => {
    const { stillAllowed } = context.switchToHttp().getRequest<FastifyRequest>();
    if (!stillAllowed) throw new MissingCredentials();
    return stillAllowed;
  },
);
