import type { Command } from 'commander';
import type { ApiKeyView, CreatedApiKeyView } from '../../shared/auth/api-key.dto.js';
import { action, type Context, once } from '../context.js';
import { type ListOptions, listOptions, printList } from '../list.js';
import { several } from '../options.js';
import { facts } from '../text.js';
import type { Wire } from '../wire.js';

interface CreateOptions {
  scope: string[];
  actor?: string;
  expires?: string;
}

export function addKeyCommands(program: Command): void {
  const key = program.command('key').description('API keys of your tenant');
  key
    .command('create <name>')
    .description('make a key; its secret is shown this once')
    .requiredOption('--scope <scopes>', 'what it may do: read, write, admin, tasks:write, …', several)
    .option('--actor <id>', 'whom it acts as, such as the id of an agent')
    .option('--expires <time>', 'when it ends, such as 2027-01-31T00:00:00Z')
    .action(action(create));
  listOptions(key.command('list').description('keys, newest first, revoked ones included')).action(action(list));
  key.command('revoke <id>').description('make a key useless, within a second').action(action(revoke));
}

async function create(context: Context, name: string, { scope, actor, expires }: CreateOptions): Promise<void> {
  const body = { name, scopes: scope, ...(actor && { actorId: actor }), ...(expires && { expiresAt: expires }) };
  const made = await context.client().post<Wire<CreatedApiKeyView>>('/v1/keys', body, once());
  context.output.answer(made, () =>
    facts({
      id: made.id,
      name: made.name,
      scopes: made.scopes.join(' '),
      secret: `${made.secret}   (shown this once)`,
    }),
  );
}

function list(context: Context, options: ListOptions): Promise<void> {
  return printList<Wire<ApiKeyView>>(context, '/v1/keys', options, {
    names: ['ID', 'NAME', 'SCOPES', 'LAST USED', 'STATE'],
    row: ({ id, name, scopes, lastUsedAt, revokedAt }) => {
      return [id, name, scopes.join(' '), lastUsedAt, revokedAt === null ? 'live' : `revoked ${revokedAt}`];
    },
  });
}

async function revoke(context: Context, id: string): Promise<void> {
  await context.client().call('DELETE', `/v1/keys/${encodeURIComponent(id)}`, { repeatable: true });
  context.output.answer({ id, revoked: true }, () => `The key ${id} is revoked.`);
}
