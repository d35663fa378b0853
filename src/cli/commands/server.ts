import type { Command } from 'commander';
import { action, type Context } from '../context.js';

export function addServerCommands(program: Command): void {
  program
    .command('start')
    .description('run a server until it is told to stop; settings come from the environment (docs/configuration.md)')
    .action(
      action(async ({ output }) => {
        const { serve } = await import('../../main.js');
        await serve({ json: output.json });
      }),
    );

  const migrate = program
    .command('migrate')
    .description('the tables of DATABASE_URL, or of the embedded database; `start` applies migrations by itself');
  migrate.command('up').description('apply what is pending').action(action(up));
  migrate.command('down').description('undo the newest migration; its data goes with it').action(action(down));
  migrate.command('status').description('list what is applied and what is pending').action(action(status));
}

async function up({ output }: Context): Promise<void> {
  const { withDatabase } = await import('../operator.js');
  const applied = await withDatabase(({ migrator }) => migrator.up());
  output.answer({ applied }, () => (applied.length === 0 ? 'Nothing is pending.' : listed('applied', applied)));
}

async function down({ output }: Context): Promise<void> {
  const { withDatabase } = await import('../operator.js');
  const undone = (await withDatabase(({ migrator }) => migrator.down())) ?? null;
  output.answer({ undone }, () => (undone === null ? 'Nothing was ever applied.' : listed('undone', [undone])));
}

async function status({ output }: Context): Promise<void> {
  const { withDatabase } = await import('../operator.js');
  const found = await withDatabase(({ migrator }) => migrator.status());
  output.answer(found, () => [listed('applied', found.applied), listed('pending', found.pending)].join('\n'));
}

const listed = (what: string, names: readonly string[]): string =>
  names.length === 0 ? `${what}  none` : names.map((name) => `${what}  ${name}`).join('\n');
