import { type Persistence, takenValue } from '../shared/database/index.js';
import { DuplicateTask } from './tasks.errors.js';

/**
 * Writes, and names the open task when the dedupe key is taken. In a transaction, which a refusal ends, that one can still
 * be asked for behind a savepoint.
 * @throws DuplicateTask
 */
export async function namingTheOpenOne<T>(
  { database, transactions }: Persistence,
  tenantId: string,
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await (database.inTransaction ? transactions.run({ propagation: 'nested' }, write) : write());
  } catch (error) {
    const key = error instanceof DuplicateTask ? error.dedupeKey : takenValue(error, 'idx_tasks_dedupe');
    if (key === undefined) throw error;
    const [row] = await database.query<{ id: string }>(
      `SELECT id FROM tasks WHERE tenant_id = $1 AND dedupe_key = $2 AND completed_at IS NULL AND deleted_at IS NULL`,
      [tenantId, key],
    );
    throw new DuplicateTask(key, row?.id);
  }
}
