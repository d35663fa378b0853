import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { Backlog, type BacklogTasks, MAX_ITEMS } from '../backlog/backlog.js';
import type { Client, Reply } from '../client.js';
import { action, type Context, once } from '../context.js';
import { ApiError, InvalidFile, UsageError } from '../failures.js';
import { linesOf } from '../lines.js';
import { count, facts } from '../text.js';

/** Part of the Idempotency-Key: raise it when the same line becomes another task than before. */
const MAPPING = 1;
/** Tens of thousands of tasks in one transaction take their time. */
const TIMEOUT_MS = 300_000;
/** Longer than any item can be. */
const MAX_LINE = 1_048_576;
const SHOWN_EDGES = 20;

export function addImportCommand(program: Command): void {
  program
    .command('import <file>')
    .description(
      `bring a backlog in: JSON Lines of Beads, at most ${MAX_ITEMS.toLocaleString('en-GB')} items; all of them or none. The same file again changes nothing (for a day)`,
    )
    .option('--workspace <workspace>', 'where to, by id or name', 'default')
    .action(action(importFile));
}

async function importFile(context: Context, file: string, { workspace }: { workspace: string }): Promise<void> {
  const { backlog, hash } = await readBacklog(file);
  // With patience for a server that is busy or just starting: the key makes a repeat harmless.
  const client = context.client(30_000);
  const workspaceId = await context.workspaceId(client, workspace);
  const { tasks, unknownEdges, edges } = backlog.tasks(workspaceId);
  const repeated = await send(client, file, backlog, tasks, `import-${MAPPING}-${workspaceId}-${hash}`);
  const summary = { workspaceId, items: tasks.length, repeated, byStatus: backlog.byStatus, edges, unknownEdges };
  context.output.answer(summary, () => summaryText(file, summary));
}

/** Line by line, so that a large file is not in memory twice; stops where the rest cannot matter. */
async function readBacklog(file: string): Promise<{ backlog: Backlog; hash: string }> {
  const backlog = new Backlog();
  const hash = createHash('sha256');
  try {
    for await (const line of linesOf(file, { maxLine: MAX_LINE, see: (bytes) => hash.update(bytes) })) {
      if (!backlog.add(line)) break;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new UsageError(`${file} cannot be read (${code}).`);
  }
  if (backlog.problems.length > 0) throw new InvalidFile(file, backlog.problems);
  return { backlog, hash: hash.digest('hex') };
}

/** Whether the server had done it before. */
async function send(
  client: Client,
  file: string,
  backlog: Backlog,
  tasks: BacklogTasks['tasks'],
  key: string,
): Promise<boolean> {
  if (tasks.length === 0) return false;
  const body = tasks.map((task) => JSON.stringify(task)).join('\n');
  try {
    const path = '/v1/tasks/import';
    const reply: Reply<unknown> = await client.call('POST', path, { ...once(key), body, timeoutMs: TIMEOUT_MS });
    return reply.headers.get('idempotency-replayed') === 'true';
  } catch (error) {
    throw (error instanceof ApiError && badLines(error, file, backlog)) || error;
  }
}

/** A refusal that counts the tasks of the request, as one that counts the lines of the file. */
function badLines({ problem }: ApiError, file: string, backlog: Backlog): InvalidFile | undefined {
  if (!Array.isArray(problem.errors)) return undefined;
  const lines = problem.errors.flatMap((error) => {
    const { field, message } = error as { field?: unknown; message?: unknown };
    const line = backlog.lineOf(Number(/^tasks\[(\d+)\]/.exec(String(field))?.[1]));
    return line === undefined ? [] : [{ line, message: String(message) }];
  });
  return lines.length > 0 ? new InvalidFile(file, lines) : undefined;
}

interface Summary extends Omit<BacklogTasks, 'tasks'> {
  workspaceId: string;
  items: number;
  repeated: boolean;
  byStatus: Record<string, number>;
}

function summaryText(file: string, { items, repeated, byStatus, edges, unknownEdges, workspaceId }: Summary): string {
  const listed = (counts: Record<string, number>): string =>
    Object.entries(counts).map(([name, n]) => `${name} ${n}`).join(', ') || 'none'; // prettier-ignore
  const text = facts({
    imported: repeated ? `nothing: ${file} was imported before` : count(items, 'item'),
    workspace: workspaceId,
    'by status': listed(byStatus),
    edges: listed(edges),
    'unknown edges': unknownEdges.length,
  });
  const shown = unknownEdges.slice(0, SHOWN_EDGES);
  const rows = shown.map(({ line, id, dependsOn, type }) => `  line ${line}: ${id} ${type} ${dependsOn}`);
  if (unknownEdges.length > shown.length) rows.push(`  and ${unknownEdges.length - shown.length} more (see --json)`);
  return [text, ...(rows.length > 0 ? ['Not imported, as the file has no such item:', ...rows] : [])].join('\n');
}
