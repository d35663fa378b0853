import { type Scope, SCOPES } from './caller.js';

/**
 * Whether `held` allows what `required` names. `admin` allows everything; `write` allows `read`, and both do so for
 * every aggregate; `tasks:write` allows `tasks:read` and nothing elsewhere.
 */
export function grants(held: readonly Scope[], required: Scope): boolean {
  return held.some((scope) => includes(scope, required));
}

/** The first of `wanted` that `held` does not allow: nobody hands on more than he has. */
export function firstNotGranted(held: readonly Scope[], wanted: readonly Scope[]): Scope | undefined {
  return wanted.find((scope) => !grants(held, scope));
}

/** The known scopes among texts from outside; a token's `openid` or `profile` means nothing here. */
export function knownScopes(texts: readonly string[]): Scope[] {
  return SCOPES.filter((scope) => texts.includes(scope));
}

function includes(held: Scope, required: Scope): boolean {
  if (held === 'admin' || held === required) return true;
  if (required === 'admin') return false;
  const [area, access] = parts(required);
  const [heldArea, heldAccess] = parts(held);
  return (heldArea === undefined || heldArea === area) && (heldAccess === 'write' || heldAccess === access);
}

/** `tasks:write` → tasks, write; `write` → every area, write. */
function parts(scope: Scope): [area: string | undefined, access: string | undefined] {
  const colon = scope.indexOf(':');
  return colon < 0 ? [undefined, scope] : [scope.slice(0, colon), scope.slice(colon + 1)];
}
