import type { JsonValue } from '../shared/errors/index.js';

export const OPERATION_TYPES = ['insert', 'delete', 'update', 'move', 'format', 'merge'] as const;
export type OperationType = (typeof OPERATION_TYPES)[number];

/** Which author's how many changes are known. */
export type Clock = Record<string, number>;

/** One entry of a document's log. */
export interface DocumentOperation {
  id: string;
  documentId: string;
  /** 1, 2, 3 … in each document, without gaps. */
  sequence: number;
  operationType: OperationType;
  path: string | null;
  value: JsonValue;
  /** Who wrote it. */
  agentId: string;
  /** The task that it was written for, and the lease's epoch. */
  taskId: string | null;
  epoch: number | null;
  vectorClock: Clock;
  /** Of the document after it; null for an entry of an application's own model, which leaves the content as it is. */
  version: number | null;
  createdAt: Date;
  /** Null while it waits to be applied. */
  appliedAt: Date | null;
}

/** For whom something is written, beside the caller: the task and the epoch of its lease. */
export interface WrittenFor {
  taskId?: string | undefined;
  epoch?: number | undefined;
}
