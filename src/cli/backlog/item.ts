import type { JsonObject, JsonValue } from '../../shared/errors/index.js';
import type { EdgeKind, Priority } from '../../tasks/index.js';

/** A line that is not an item of a backlog; the message says what is wrong with it. */
export class BadLine extends Error {}

export interface BacklogEdge {
  dependsOn: string;
  kind: EdgeKind | 'parent';
  /** The word of the file. */
  type: string;
}

/** One line of a backlog, read and checked. */
export interface BacklogItem {
  id: string;
  title: string;
  description: string | null;
  status: 'pending' | 'completed';
  priority: Priority;
  type: string;
  tags: string[];
  assignee: string | null;
  createdAt: string | null;
  completedAt: string | null;
  edges: BacklogEdge[];
  /** What has no place of its own in a task: the file's status where ours says less, close_reason, and all else. */
  rest: JsonObject;
}

const STATUS: Readonly<Record<string, BacklogItem['status']>> = {
  open: 'pending',
  hooked: 'pending',
  in_progress: 'pending',
  blocked: 'pending',
  closed: 'completed',
};
const PRIORITY: readonly Priority[] = ['critical', 'high', 'normal', 'low', 'backlog'];
const EDGE: Readonly<Record<string, BacklogEdge['kind']>> = {
  blocks: 'blocks',
  'parent-child': 'parent',
  'discovered-from': 'discovered_from',
  related: 'related',
  'relates-to': 'related',
};

/**
 * Reads one line of a backlog (JSON Lines, as Beads writes it).
 * @throws BadLine
 */
export function readItem(line: string): BacklogItem {
  const { id, title, description, status, priority, issue_type, labels, assignee, created_at, closed_at, dependencies, ...rest } = parsed(line); // prettier-ignore
  const statusOf = known('status', STATUS, status);
  return {
    id: text('id', id),
    title: text('title', title),
    description: optionalText('description', description),
    status: statusOf,
    priority: priorityOf(priority),
    type: optionalText('issue_type', issue_type) ?? 'task',
    tags: list('labels', labels).map((label) => text('labels', label)),
    assignee: optionalText('assignee', assignee),
    createdAt: optionalText('created_at', created_at),
    completedAt: statusOf === 'completed' ? optionalText('closed_at', closed_at) : null,
    edges: list('dependencies', dependencies).map(edgeOf),
    rest: { ...rest, ...(status !== 'open' && status !== 'closed' && { status: String(status) }) },
  };
}

function parsed(line: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new BadLine('it is not valid JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new BadLine('it is not a JSON object');
}

function edgeOf(value: JsonValue): BacklogEdge {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadLine('dependencies must hold objects');
  }
  const dependsOn = text('depends_on of a dependency', value.depends_on ?? value.depends_on_id);
  return { dependsOn, kind: known('type of a dependency', EDGE, value.type), type: String(value.type) };
}

function priorityOf(value: JsonValue | undefined): Priority {
  const priority = value === undefined || value === null ? 'normal' : typeof value === 'number' && PRIORITY[value];
  if (priority) return priority;
  throw new BadLine(`priority must be a whole number from 0 to 4, not ${JSON.stringify(value)}`);
}

function known<Meaning>(
  field: string,
  meanings: Readonly<Record<string, Meaning>>,
  value: JsonValue | undefined,
): Meaning {
  if (typeof value === 'string' && Object.hasOwn(meanings, value)) return meanings[value] as Meaning;
  throw new BadLine(`${field} must be one of ${Object.keys(meanings).join(', ')}, not ${JSON.stringify(value)}`);
}

function text(field: string, value: JsonValue | undefined): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new BadLine(`${field} must be a text that is not empty`);
}

function optionalText(field: string, value: JsonValue | undefined): string | null {
  return value === undefined || value === null || value === '' ? null : text(field, value);
}

function list(field: string, value: JsonValue | undefined): JsonValue[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new BadLine(`${field} must be a list`);
}
