/**
 * What a credential may do: everything of a kind (`read`, `write`, `admin`) or of one aggregate only. `write` includes
 * `read`, and `admin` includes all; see `grants`.
 */
export const SCOPES = [
  'read',
  'write',
  'admin',
  'tasks:read',
  'tasks:write',
  'agents:read',
  'agents:write',
  'workspaces:read',
  'workspaces:write',
  'documents:read',
  'documents:write',
  'events:read',
  'webhooks:read',
  'webhooks:write',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Who is asking. It comes from the credentials, never from a body, and is the first argument of every service method. */
export interface Caller {
  readonly tenantId: string;
  /** The agent, person or key that acts; stands in events and in the audit trail. */
  readonly actorId: string;
  readonly scopes: readonly Scope[];
}

/** A caller whose credentials were checked. */
export interface Principal extends Caller {
  /** The API key it came with; none for an access token of an identity provider. */
  readonly keyId?: string;
  /** When its credentials end. */
  readonly expiresAt?: Date;
}
