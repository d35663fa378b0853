import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { EventLog, type NewEvent } from '../../src/shared/events/index.js';
import type { Given, RunningNode } from './given.js';

export type NotedWorkspace = Awaited<ReturnType<typeof aWorkspace>>;

export const aNote = (feedId: string, type = 'note.written', data: NewEvent['data'] = null): NewEvent => ({
  feedId,
  type,
  subjectType: 'note',
  subjectId: randomUUID(),
  data,
});

/** A tenant's workspace whose feed has `begun` events, and which notes are written to. */
export async function aWorkspace(given: Given) {
  const tenant = await given.tenant();
  const { id } = tenant.workspace;
  return {
    ...tenant,
    id,
    begun: (await tenant.events.all()).length,
    notes: (count: number, data?: NewEvent['data']): NewEvent[] =>
      Array.from({ length: count }, () => aNote(id, 'note.written', data)),
    write: (events: NewEvent[], node = given.node): Promise<void> =>
      node.transactions.run({}, () => Promise.resolve(node.get(EventLog).append(tenant.tenantId, ...events))),
  };
}

/**
 * Writers on both nodes write without a rest while readers begin on either, each at a cursor of its own somewhere in the
 * feed. Answers the number of the last event, and the readers with their cursors.
 */
export async function readWhileWritten<Reader>(
  given: Given,
  { write, notes, begun }: Pick<NotedWorkspace, 'write' | 'notes' | 'begun'>,
  { readers: count, read }: { readers: number; read: (after: number, node: RunningNode, n: number) => Promise<Reader> },
) {
  const nodes = [given.node, given.second] as const;
  await write(notes(500));
  let last = begun + 500;
  const writer = async (): Promise<void> => {
    for (let n = 0; n < 50; n++) {
      const events = notes(1 + randomInt(5));
      await write(events, nodes[n % 2]);
      last += events.length;
    }
  };
  const begin = async (_: unknown, n: number) => {
    await pause(randomInt(250));
    const after = randomInt(last + 1);
    return { after, reader: await read(after, nodes[n % 2] ?? given.node, n) };
  };
  const [readers] = await Promise.all([
    Promise.all(Array.from({ length: count }, begin)),
    ...Array.from({ length: 4 }, writer),
  ]);
  return { last, readers };
}
