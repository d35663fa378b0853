import type { FactoryProvider } from '@nestjs/common';
import { type Caller, TenantsService, WorkspacesService } from '../../src/index.js';

/** Under this token the shop is injected, as Muster's services are called: its tenant, and what it may do. */
export const SHOP = Symbol('shop');

/** The tenant of the shop with its default workspace, made when they are missing. */
export const shopOf = (tenant: string): FactoryProvider<Promise<Caller>> => ({
  provide: SHOP,
  inject: [TenantsService, WorkspacesService],
  useFactory: async (tenants: TenantsService, workspaces: WorkspacesService) => {
    const { id } = (await tenants.find(tenant)) ?? (await tenants.create(tenant));
    await workspaces.ensureDefault(id);
    return { tenantId: id, actorId: 'shop', scopes: ['write'] };
  },
});
