import type { ImportedTask } from './new-task.js';
import { isBlocking } from './task.entity.js';
import { DependencyCycle } from './tasks.errors.js';

type ById = ReadonlyMap<string, ImportedTask>;

/**
 * The tasks of a batch with every one after those that block it, by Kahn's algorithm; otherwise in the order given.
 * @param nameOf how the caller knows a task
 * @throws DependencyCycle when tasks block each other in a circle, or one is its own forefather
 */
export function ordered(tasks: readonly ImportedTask[], nameOf: (id: string) => string): ImportedTask[] {
  const byId: ById = new Map(tasks.map((task) => [task.id, task]));
  assertNoCircle(tasks, (task) => parentOf(task, byId), nameOf);

  const waiting = new Map<string, number>();
  const dependants = new Map<string, ImportedTask[]>();
  for (const task of tasks) {
    const blockers = blockersOf(task, byId);
    waiting.set(task.id, blockers.length);
    for (const { id } of blockers) {
      const others = dependants.get(id);
      if (others) others.push(task);
      else dependants.set(id, [task]);
    }
  }

  const result = tasks.filter((task) => waiting.get(task.id) === 0);
  // Grows while it is walked, until nothing more comes free.
  for (const task of result) {
    for (const dependant of dependants.get(task.id) ?? []) {
      const left = (waiting.get(dependant.id) ?? 0) - 1;
      waiting.set(dependant.id, left);
      if (left === 0) result.push(dependant);
    }
  }
  if (result.length === tasks.length) return result;

  const left = tasks.filter((task) => waiting.get(task.id) !== 0);
  const leftById: ById = new Map(left.map((task) => [task.id, task]));
  assertNoCircle(left, (task) => blockersOf(task, leftById)[0], nameOf);
  throw new TypeError('Tasks of a batch are left over without a circle.');
}

/** The tasks of the batch that block this one, each once. */
function blockersOf(task: ImportedTask, byId: ById): ImportedTask[] {
  const ids = task.dependsOn.filter(({ kind }) => isBlocking(kind)).map(({ taskId }) => taskId);
  return [...new Set(ids)].flatMap((id) => byId.get(id) ?? []);
}

const parentOf = (task: ImportedTask, byId: ById): ImportedTask | undefined =>
  task.parentTaskId === null ? undefined : byId.get(task.parentTaskId);

/** Follows `next` from each task to the end, or to where it meets its own steps again. */
function assertNoCircle(
  tasks: readonly ImportedTask[],
  next: (task: ImportedTask) => ImportedTask | undefined,
  nameOf: (id: string) => string,
): void {
  const seen = new Set<string>();
  for (const start of tasks) {
    const path = new Set<string>();
    let task: ImportedTask | undefined = start;
    while (task && !seen.has(task.id)) {
      seen.add(task.id);
      path.add(task.id);
      task = next(task);
    }
    if (!task || !path.has(task.id)) continue;
    const steps = [...path];
    throw new DependencyCycle([...steps.slice(steps.indexOf(task.id)), task.id].map(nameOf));
  }
}
