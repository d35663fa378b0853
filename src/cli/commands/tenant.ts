import type { Command } from 'commander';
import type { Tenant } from '../../shared/auth/index.js';
import { action, type Context } from '../context.js';
import { facts, table } from '../text.js';

const PAGE = 1_000;

export function addTenantCommands(program: Command): void {
  const tenant = program
    .command('tenant')
    .description('the operator’s work on DATABASE_URL, or on the embedded database; it asks no server');
  tenant
    .command('create <name>')
    .description('make a tenant with its default workspace and its admin key, which is shown this once')
    .action(action(create));
  tenant.command('list').description('all tenants, oldest first').action(action(list));
}

async function create({ output }: Context, name: string): Promise<void> {
  const { withApplication } = await import('../operator.js');
  const { ApiKeysService, TenantsService } = await import('../../shared/auth/index.js');
  const { Transactions } = await import('../../shared/database/index.js');
  const { WorkspacesService } = await import('../../workspaces/index.js');
  const made = await withApplication((app) =>
    app.get(Transactions).run({}, async () => {
      const tenant = await app.get(TenantsService).create(name);
      const workspace = await app.get(WorkspacesService).ensureDefault(tenant.id);
      const key = await app.get(ApiKeysService).ensureAdminKey(tenant.id);
      return { ...tenant, workspaceId: workspace.id, adminKey: key.secret };
    }),
  );
  output.answer(made, () =>
    facts({
      tenant: `${made.name} ${made.id}`,
      workspace: `default ${made.workspaceId}`,
      'admin key': `${made.adminKey}   (shown this once)`,
    }),
  );
}

async function list({ output }: Context): Promise<void> {
  const { withApplication } = await import('../operator.js');
  const { TenantsService } = await import('../../shared/auth/index.js');
  const items = await withApplication(async (app) => {
    const tenants = app.get(TenantsService);
    const all: Tenant[] = [];
    for (let page = await tenants.list({ limit: PAGE }); page.length > 0;) {
      all.push(...page);
      page = await tenants.list({ limit: PAGE, after: all.at(-1)?.id });
    }
    return all;
  });
  output.answer({ items }, () =>
    table(
      ['ID', 'NAME', 'CREATED'],
      items.map(({ id, name, createdAt }) => [id, name, createdAt.toISOString()]),
    ),
  );
}
