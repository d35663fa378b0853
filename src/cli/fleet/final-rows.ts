import type { Client } from '../client.js';
import type { HistoryTask } from '../verify/history-line.js';
import type { WireTask } from '../wire.js';

const AT_ONCE = 500;

/**
 * The tasks of a workspace as they stand, with those that the log knows: a list may come from a replica that has not heard
 * of the last ones. What was deleted is left out.
 */
export async function finalRows(client: Client, workspaceId: string, known: Iterable<string>): Promise<HistoryTask[]> {
  const ids = new Set(known);
  for await (const { id } of client.all<WireTask>('/v1/tasks', { workspaceId })) ids.add(id);
  const rows: HistoryTask[] = [];
  const all = [...ids];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    const body = { ids: all.slice(at, at + AT_ONCE) };
    const { items } = await client.post<{ items: WireTask[] }>('/v1/tasks/get', body, { repeatable: true });
    rows.push(...items.map(rowOf));
  }
  return rows;
}

const rowOf = ({ id, workspaceId, status, epoch, assignedTo, openBlockers }: WireTask): HistoryTask => ({
  id,
  workspaceId,
  status,
  epoch,
  assignedTo,
  openBlockers,
});
