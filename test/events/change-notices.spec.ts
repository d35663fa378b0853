import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Caller } from '../../src/shared/auth/index.js';
import { SharedStateService, WorkspacesService } from '../../src/workspaces/index.js';
import { type RunningNode, startGiven, startNode } from '../support/given.js';
import { metric } from '../support/metric.js';
import { until } from '../support/until.js';

const TYPE = 'workspace.shared_state_changed';

describe('notices of what changes often', () => {
  const given = startGiven({ nodes: 2 });

  async function scene() {
    const { tenantId, rows } = await given.tenant();
    const ada: Caller = { tenantId, actorId: 'ada', scopes: ['workspaces:write'] };
    const workspace = async (name: string) => (await given.node.get(WorkspacesService).create(ada, { name })).id;
    const change = async (node: RunningNode, id: string) =>
      (await node.get(SharedStateService).perform(ada, id, [{ type: 'increment', path: '/n' }])).sequence;
    const told = (feedId: string) =>
      rows<{ sequence: number; actor: string; at: number }>(
        `SELECT (data ->> 'sequence')::int AS sequence, actor_id AS actor, (extract(epoch FROM time) * 1000)::float8 AS at
         FROM events WHERE tenant_id = $1 AND feed_id = $2 AND type = '${TYPE}' ORDER BY seq`,
        feedId,
      );
    const toldOf = (feedId: string, sequence: number) =>
      until(async () => {
        const all = await told(feedId);
        return all.at(-1)?.sequence === sequence ? all : undefined;
      });
    return { tenantId, rows, workspace, change, told, toldOf };
  }

  it('come at most once a second while two nodes change one subject, and once for the last change', async () => {
    const { workspace, change, told, toldOf } = await scene();
    const id = await workspace('lab');
    const end = performance.now() + 3_300;
    const writer = async (node: RunningNode): Promise<number> => {
      for (let reached = 0; ;) {
        reached = await change(node, id);
        if (performance.now() > end) return reached;
      }
    };
    const last = Math.max(...(await Promise.all([...given.nodes, ...given.nodes].map(writer))));

    const events = await toldOf(id, last);
    expect(events.length).toBeGreaterThanOrEqual(2);
    for (const [n, { sequence, at }] of events.entries()) {
      const before = events[n - 1];
      if (!before) continue;
      expect(sequence).toBeGreaterThan(before.sequence);
      expect(at - before.at).toBeGreaterThanOrEqual(950);
    }
    await change(given.node, id);
    expect((await toldOf(id, last + 1)).length).toBe(events.length + 1);
    expect((await told(id)).at(-1)).toMatchObject({ actor: 'ada' });
  });

  it('come for a subject that was quiet, and once for each of many that two nodes change together', async () => {
    const { workspace, change, told, toldOf } = await scene();
    const quiet = await workspace('quiet');
    await change(given.node, quiet);
    await toldOf(quiet, 1);

    const ids: string[] = [];
    for (let n = 0; n < 90; n++) ids.push(await workspace(`w${n}`));
    await Promise.all(ids.map((id, n) => change(n % 2 ? given.node : given.second, id)));
    for (const id of ids) await toldOf(id, 1);
    // One after the other: each asks by a connection of its own.
    for (const id of ids) expect(await told(id)).toHaveLength(1);
  });

  it('do not come of a change that was rolled back', async () => {
    const { workspace, change, rows } = await scene();
    const id = await workspace('lab');
    const failed = given.node.transactions.run({}, async () => {
      await change(given.node, id);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await rows('SELECT FROM change_notices WHERE tenant_id = $1 AND subject_id = $2', id)).toEqual([]);
  });

  it('come from another node where the one that made the change was killed before it told', async () => {
    const { tenantId, workspace, rows, told, toldOf } = await scene();
    const id = await workspace('lab');
    const args = [given.node.databaseUrl, tenantId, id];
    const child = fork(join(__dirname, '../support/shared-state-process.ts'), args, {
      execArgv: ['-r', join(__dirname, '../support/run-ts.cjs')],
    });
    const [, signal] = (await once(child, 'exit')) as [number, string];
    expect(signal).toBe('SIGKILL');
    expect(await told(id)).toEqual([]);
    const left = 'SELECT reached::int, announced::int FROM change_notices WHERE tenant_id = $1 AND subject_id = $2';
    expect(await rows(left, id)).toEqual([{ reached: 1, announced: 0 }]);

    const node = await startNode(given.node.databaseUrl);
    await toldOf(id, 1);
    await node.stop();
    expect(await told(id)).toHaveLength(1);
  });

  it('ask nothing of the database while nothing changes', async () => {
    const { workspace, change, toldOf } = await scene();
    const id = await workspace('lab');
    await change(given.node, id);
    await toldOf(id, 1);
    const asked = () => metric(given.node, 'operation_duration_seconds_count{operation="changenotices.takeDue"}');
    // The look that told, and what it found: nothing else is due.
    await until(async () => (await asked()) > 0);
    await pause(200);
    const before = await asked();
    await pause(3_000);
    expect((await asked()) - before).toBeLessThanOrEqual(1);
  });
});
