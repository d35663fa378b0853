import { setTimeout as pause } from 'node:timers/promises';
import type { LoggedEvent } from '../../src/shared/events/index.js';
import { type EventNode, type NodeOptions, startNode } from './event-node.js';

export const COPIES = 'CREATE TABLE copies (tenant_id uuid NOT NULL, feed_id uuid NOT NULL, seq bigint NOT NULL)';

/** A node whose consumer `copier` writes a row for each event, which shows how often its effects happened. */
export function copyingNode(
  url: string,
  tell: (event: LoggedEvent) => unknown,
  options: NodeOptions = {},
): Promise<EventNode> {
  return startNode(url, {
    leaseMs: 1_500,
    ...options,
    prepare: ({ consumers, transactions }) =>
      consumers.consumer('copier', {
        handler: async (event) => {
          const sql = 'INSERT INTO copies VALUES ($1, $2, $3)';
          await transactions.current()?.query(sql, [event.tenantId, event.feedId, event.seq]);
          tell(event);
          // Long enough for a batch to be under way when the process is killed.
          await pause(1);
        },
      }),
  });
}
