import type { EdgeView, ExplanationView } from '../../tasks/index.js';
import { type Context, once } from '../context.js';
import { type ListOptions, printList } from '../list.js';
import { count, facts, table, visible } from '../text.js';
import type { WireAttempt, WireTask } from '../wire.js';

interface AddOptions {
  type: string;
  workspace?: string;
  description?: string;
  parameters?: unknown;
  priority?: string;
  needs?: string[];
  after?: string[];
  parent?: string;
  tags?: string[];
  label?: Record<string, string>;
  runAt?: string;
  deadline?: string;
  maxAttempts?: number;
  timeoutSeconds?: number;
  dedupeKey?: string;
  concurrencyKey?: string;
  ref?: string;
  assign?: string;
}

interface Filters extends ListOptions {
  workspace?: string[];
  status?: string[];
  priority?: string[];
  type?: string[];
  assignedTo?: string[];
  tags?: string[];
  ref?: string[];
  parent?: string;
  sort?: string;
}

export async function add(context: Context, title: string, options: AddOptions): Promise<void> {
  const client = context.client();
  const { workspace, needs, after, parent, label, ref, assign, ...rest } = options;
  const body = {
    title,
    ...rest,
    workspaceId: workspace && (await context.workspaceId(client, workspace)),
    requiredCapabilities: needs,
    dependsOn: after?.map((taskId) => ({ taskId })),
    parentTaskId: parent,
    labels: label,
    externalRef: ref,
    assignedTo: assign && (await context.agentId(client, assign)),
  };
  const task = await client.post<WireTask>('/v1/tasks', body, once());
  context.output.answer(task, () => describeTask(task));
}

export async function list(context: Context, options: Filters): Promise<void> {
  const { workspace, assignedTo, ref, parent, ...rest } = options;
  const { limit, after, all, ...filter } = rest;
  const client = context.client();
  const workspaceId = await Promise.all((workspace ?? []).map((one) => context.workspaceId(client, one)));
  const agents = await Promise.all((assignedTo ?? []).map((one) => context.agentId(client, one)));
  const columns = {
    names: ['ID', 'STATUS', 'PRIORITY', 'WAITS FOR', 'EPOCH', 'TITLE'],
    row: (task: WireTask) => [
      task.id,
      task.status,
      task.priority,
      task.openBlockers > 0 ? task.openBlockers : null,
      task.epoch,
      task.title,
    ],
  };
  const query = { ...filter, workspaceId, assignedTo: agents, externalRef: ref, parentTaskId: parent };
  await printList(context, '/v1/tasks', { limit, after, all }, columns, query);
}

export async function show(context: Context, id: string): Promise<void> {
  const client = context.client();
  const path = `/v1/tasks/${encodeURIComponent(id)}`;
  const task = await client.get<WireTask>(path);
  const attempts = await client.get<{ items: WireAttempt[] }>(`${path}/attempts`);
  const edges = await client.get<{ items: EdgeView[] }>(`${path}/edges`);
  context.output.answer({ ...task, attempts: attempts.items, edges: edges.items }, () =>
    [describeTask(task), ...attemptsText(attempts.items), ...edgesText(task.id, edges.items)].join('\n\n'),
  );
}

export async function explain(context: Context, id: string): Promise<void> {
  const client = context.client();
  const explanation = await client.get<ExplanationView>(`/v1/tasks/${encodeURIComponent(id)}/explain`);
  const { summary, reasons } = explanation;
  context.output.answer(explanation, () =>
    [visible(summary), ...reasons.map(({ code, message }) => `  ${code}: ${visible(message)}`)].join('\n'),
  );
}

export const describeTask = (task: WireTask): string =>
  facts({
    id: task.id,
    title: task.title,
    type: task.type,
    status: task.status,
    priority: task.priority,
    'waits for': task.openBlockers > 0 ? count(task.openBlockers, 'task') : undefined,
    needs: task.requiredCapabilities.join(' ') || undefined,
    'assigned to': task.assignedTo,
    epoch: task.epoch,
    attempt: `${task.attempt} of ${task.maxAttempts}`,
    'lease until': task.leaseExpiresAt,
    progress: task.progress > 0 ? `${task.progress} % ${task.progressMessage ?? ''}` : undefined,
    result: task.result === null ? undefined : JSON.stringify(task.result),
    error: task.error && JSON.stringify(task.error),
    tags: task.tags.join(' ') || undefined,
    ref: task.externalRef,
    description: task.description,
  });

function attemptsText(attempts: readonly WireAttempt[]): string[] {
  if (attempts.length === 0) return [];
  const rows = attempts.map((one) => [one.epoch, one.agentId, one.claimedAt, one.endedAt, one.outcome ?? 'running']);
  return [table(['EPOCH', 'AGENT', 'CLAIMED', 'ENDED', 'OUTCOME'], rows)];
}

function edgesText(id: string, edges: readonly EdgeView[]): string[] {
  if (edges.length === 0) return [];
  const rows = edges.map(({ blockerId, blockedId, kind }) =>
    blockedId === id ? ['depends on', blockerId, kind] : ['depended on by', blockedId, kind],
  );
  return [table(['EDGE', 'TASK', 'KIND'], rows)];
}
