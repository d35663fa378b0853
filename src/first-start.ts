import type { INestApplicationContext } from '@nestjs/common';
import { ApiKeysService, TenantsService } from './shared/auth/index.js';
import { WorkspacesService } from './workspaces/index.js';

export interface FirstStart {
  tenantId: string;
  workspaceId: string;
  /** The admin key, when it was made at this start. */
  newKey?: string;
}

export interface FirstKey {
  /** Replaces the key that the database has. */
  preset?: string | undefined;
  /** Asked for the key of a database that has none, before it gets it; what it answers must not be lost any more. */
  propose?: (() => string) | undefined;
}

/** Makes the tenant `default`, its workspace and its admin key where they are missing. Any number of nodes may do so at once. */
export async function ensureFirstTenant(
  app: INestApplicationContext,
  { preset, propose }: FirstKey = {},
): Promise<FirstStart> {
  const tenant = await app.get(TenantsService).ensureDefault();
  const workspace = await app.get(WorkspacesService).ensureDefault(tenant.id);
  const key = await app.get(ApiKeysService).ensureAdminKey(tenant.id, preset, propose);
  return { tenantId: tenant.id, workspaceId: workspace.id, ...(key.secret !== undefined && { newKey: key.secret }) };
}
