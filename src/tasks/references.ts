import { NotFound } from '../shared/errors/index.js';
import { WorkspaceNotActive } from '../workspaces/index.js';
import type { NewTask } from './new-task.js';
import { ParentCancelled, RefusedField } from './tasks.errors.js';

/** A task that another one names, and where. */
export interface Reference {
  id: string;
  field: string;
}

/** @param at what stands before the fields, such as `tasks[3].` */
export const referencesOf = ({ parentTaskId, dependsOn }: NewTask, at: string): Reference[] => [
  ...(parentTaskId === null ? [] : [{ id: parentTaskId, field: `${at}parentTaskId` }]),
  ...dependsOn.map(({ taskId }, index) => ({ id: taskId, field: `${at}dependsOn[${index}].taskId` })),
];
export const referencesAt = (task: NewTask, index: number): Reference[] => referencesOf(task, `tasks[${index}].`);

/** The refusal with the first field that caused it, where one of the references did. */
export function placed(error: unknown, references: readonly Reference[]): unknown {
  if (error instanceof NotFound) {
    const unknown = references.find(({ id }) => id === error.details.id);
    if (unknown) return new RefusedField(unknown.field, 'exists', error);
  }
  if (error instanceof ParentCancelled) {
    const parent = references.find(({ id }) => id === error.details.parentTaskId);
    if (parent) return new RefusedField(parent.field, 'open', error);
  }
  return error;
}

/** The same refusal, with the field that caused it. */
export async function named<T>(found: Promise<T>, at: string): Promise<T> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof NotFound) throw new RefusedField(at, 'exists', error);
    throw error instanceof WorkspaceNotActive ? new RefusedField(at, 'active', error) : error;
  }
}
