import type { Page } from '../../shared/http/index.js';
import type { Client } from '../client.js';
import type { WireTask } from '../wire.js';

/** Open tasks that this fleet cannot do. */
export interface Left {
  /** They wait for tasks that are failed, cancelled, or left themselves. */
  blocked: number;
  /** Not due yet. */
  scheduled: number;
  /** They need capabilities that the fleet was not given. */
  beyond: number;
  /** Others are to do them, or hold them under a lease that is not taken away. */
  ofOthers: number;
}

export interface Outlook {
  /** Tasks that have not ended. */
  open: number;
  /** Present when no open task can be done by the fleet any more. */
  left?: Left;
}

export interface Workforce {
  ids: ReadonlySet<string>;
  capabilities: ReadonlySet<string>;
}

const WAITING = ['pending', 'assigned', 'accepted', 'rejected'];
const HELD = ['in_progress', 'awaiting_input'];

/** Looks at what is open in a workspace. Cheap while there is work: two counts; every open task only when `idle`. */
export async function outlook(client: Client, workspaceId: string, force: Workforce, idle: boolean): Promise<Outlook> {
  const [waiting, held] = [await count(client, workspaceId, WAITING), await count(client, workspaceId, HELD)];
  const open = waiting + held;
  if (open === 0 || !idle) return { open };

  const left: Left = { blocked: 0, scheduled: 0, beyond: 0, ofOthers: 0 };
  for await (const task of client.all<WireTask>('/v1/tasks', { workspaceId, status: [...HELD, ...WAITING] })) {
    const why = whyLeft(task, force);
    if (why === undefined) return { open };
    left[why] += 1;
  }
  return { open, left };
}

/** Why the fleet cannot do the task; undefined when it can, or will when a lease runs out. */
export function whyLeft(task: WireTask, { ids, capabilities }: Workforce, now = Date.now()): keyof Left | undefined {
  if (HELD.includes(task.status)) return task.claimKind === 'agent' ? undefined : 'ofOthers';
  if (task.openBlockers > 0) return 'blocked';
  if (task.status !== 'pending' && !ids.has(task.assignedTo ?? '')) return 'ofOthers';
  if (task.runAt !== null && Date.parse(task.runAt) > now) return 'scheduled';
  return task.requiredCapabilities.every((one) => capabilities.has(one)) ? undefined : 'beyond';
}

async function count(client: Client, workspaceId: string, status: readonly string[]): Promise<number> {
  const page = await client.get<Page<WireTask>>('/v1/tasks', { workspaceId, status, limit: 1, withTotal: true });
  return page.totalCount ?? 0;
}
