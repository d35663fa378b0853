import type { Step } from './edges.repository.js';

/**
 * Circles among these edges, as the ids along each: at least one of each knot. First all that
 * waits for nothing is taken away, again and again (Kahn); what is left waits in a circle, or for one.
 */
export function circles(edges: readonly Step[]): string[][] {
  const blockersOf = new Map<string, Set<string>>();
  const dependantsOf = new Map<string, string[]>();
  for (const { blockedId, blockerId } of edges) {
    blockersOf.set(blockedId, (blockersOf.get(blockedId) ?? new Set()).add(blockerId));
    const dependants = dependantsOf.get(blockerId);
    if (dependants) dependants.push(blockedId);
    else dependantsOf.set(blockerId, [blockedId]);
  }
  const free = [...dependantsOf.keys()].filter((id) => !blockersOf.has(id));
  // Grows while it is walked.
  for (const id of free) {
    for (const dependant of dependantsOf.get(id) ?? []) {
      const left = blockersOf.get(dependant);
      if (!left?.delete(id) || left.size > 0) continue;
      blockersOf.delete(dependant);
      free.push(dependant);
    }
  }
  return walk(blockersOf);
}

/** From each task that is left to one that it waits for, until one comes again. */
function walk(blockersOf: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const found: string[][] = [];
  const seen = new Set<string>();
  for (const start of blockersOf.keys()) {
    const path: string[] = [];
    let id: string | undefined = start;
    while (id !== undefined && !seen.has(id)) {
      seen.add(id);
      path.push(id);
      id = [...(blockersOf.get(id) ?? [])].find((blocker) => blockersOf.has(blocker));
    }
    const from = id === undefined ? -1 : path.indexOf(id);
    if (from >= 0) found.push(path.slice(from));
  }
  return found;
}
