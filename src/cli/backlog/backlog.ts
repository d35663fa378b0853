import type { BatchDependencyDto, ImportedTaskDto } from '../../tasks/index.js';
import { BadLine, type BacklogEdge, type BacklogItem, readItem } from './item.js';

/** What one import takes, as the server's batches do. */
export const MAX_ITEMS = 50_000;
/** More would only repeat the file back to its owner. */
const MAX_PROBLEMS = 20;

export interface Problem {
  /** From 1. */
  line: number;
  message: string;
}

/** An edge to an item that the file does not have; it cannot be imported. */
export interface UnknownEdge {
  line: number;
  id: string;
  dependsOn: string;
  type: string;
}

/** What the API takes; times stay as the file writes them. */
export type ImportedTask = Omit<ImportedTaskDto, 'createdAt' | 'completedAt'> & {
  createdAt?: string;
  completedAt?: string;
};

export interface BacklogTasks {
  tasks: ImportedTask[];
  unknownEdges: UnknownEdge[];
  /** How many of each kind will be made. */
  edges: Record<string, number>;
}

/** A backlog as its lines come in. Lines that are empty count but hold nothing. */
export class Backlog {
  readonly problems: Problem[] = [];
  private readonly items = new Map<string, { line: number; item: BacklogItem }>();
  private lines = 0;

  get size(): number {
    return this.items.size;
  }

  /** Reads the next line; what is wrong with it is kept. False when reading on makes no sense. */
  add(text: string): boolean {
    this.lines += 1;
    if (text.trim() !== '') this.read(text, this.lines);
    return this.problems.length < MAX_PROBLEMS && this.size <= MAX_ITEMS;
  }

  /** Line of the n-th item, from 0: the server's refusals count items. */
  lineOf(index: number): number | undefined {
    return [...this.items.values()][index]?.line;
  }

  get byStatus(): Record<string, number> {
    return tally([...this.items.values()].map(({ item }) => item.status));
  }

  /** The items as tasks of a workspace, depending on each other by `ref`. */
  tasks(workspaceId: string): BacklogTasks {
    const edges: string[] = [];
    const unknownEdges: UnknownEdge[] = [];
    const tasks = [...this.items.values()].map(({ line, item }) => {
      const [known, unknown] = this.partition(item.edges);
      unknownEdges.push(...unknown.map(({ dependsOn, type }) => ({ line, id: item.id, dependsOn, type })));
      const { parentRef, dependsOn } = linksOf(known);
      edges.push(...dependsOn.map(({ kind = 'blocks' }) => kind), ...(parentRef === undefined ? [] : ['parent_child']));
      return taskOf(item, workspaceId, parentRef, dependsOn);
    });
    return { tasks, unknownEdges, edges: tally(edges) };
  }

  private read(text: string, line: number): void {
    try {
      const item = readItem(text);
      const before = this.items.get(item.id);
      if (before) throw new BadLine(`id ${item.id} stands in line ${before.line} too`);
      this.items.set(item.id, { line, item });
      if (this.size > MAX_ITEMS) throw new BadLine(`one import takes at most ${MAX_ITEMS} items; split the file`);
    } catch (error) {
      if (!(error instanceof BadLine)) throw error;
      this.problems.push({ line, message: error.message });
    }
  }

  private partition(edges: readonly BacklogEdge[]): [known: BacklogEdge[], unknown: BacklogEdge[]] {
    const known = edges.filter(({ dependsOn }) => this.items.has(dependsOn));
    return [known, edges.filter((edge) => !known.includes(edge))];
  }
}

/** A task has one parent; where the file names more, the others are edges of that kind. */
function linksOf(edges: readonly BacklogEdge[]): { parentRef: string | undefined; dependsOn: BatchDependencyDto[] } {
  const parent = edges.find(({ kind }) => kind === 'parent');
  const others = edges
    .filter((edge) => edge !== parent)
    .map(({ dependsOn, kind }) => ({ ref: dependsOn, kind: kind === 'parent' ? ('parent_child' as const) : kind }));
  const unique = new Map(others.map((edge) => [`${edge.kind} ${edge.ref}`, edge]));
  return { parentRef: parent?.dependsOn, dependsOn: [...unique.values()] };
}

function taskOf(
  { id, title, description, status, priority, type, tags, assignee, createdAt, completedAt, rest }: BacklogItem,
  workspaceId: string,
  parentRef: string | undefined,
  dependsOn: BatchDependencyDto[],
): ImportedTask {
  return {
    ref: id,
    externalRef: id,
    workspaceId,
    type,
    title,
    description,
    status,
    priority,
    tags,
    ...(assignee !== null && { labels: { assignee } }),
    ...(createdAt !== null && { createdAt }),
    ...(completedAt !== null && { completedAt }),
    ...(parentRef !== undefined && { parentRef }),
    ...(dependsOn.length > 0 && { dependsOn }),
    parameters: rest,
  };
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
