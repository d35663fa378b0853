import { ApiKeysService, TenantsService } from '../../src/shared/auth/index.js';
import { query, scratchDatabase } from '../support/database.js';
import { startNode } from '../support/given.js';
import { HttpClient } from '../support/http-client.js';
import { until } from '../support/until.js';

describe('a node that stops', () => {
  it('still writes what other modules kept to the last', async () => {
    const node = await startNode(await scratchDatabase());
    const { id } = await node.get(TenantsService).ensureDefault();
    await node.get(ApiKeysService).ensureAdminKey(id, 'a-preset-key-of-the-test');
    const { status } = await new HttpClient(node.url, 'a-preset-key-of-the-test').get('/v1/workspaces');
    expect(status).toBe(200);

    await node.stop();

    const sql = 'SELECT last_used_at IS NOT NULL AS noted FROM api_keys WHERE tenant_id = $1';
    expect(await query(node.databaseUrl, sql, [id])).toEqual([{ noted: true }]);
    expect(node.lines).toEqual([]);
    const open = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    // The server takes a moment to end what was closed.
    await until(async () => (await query<{ n: number }>(node.databaseUrl, open))[0]?.n === 0, 'no connection is open');
  });
});
