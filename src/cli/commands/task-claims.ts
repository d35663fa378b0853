import type { Call } from '../client.js';
import { type Context, once } from '../context.js';
import type { WireLease, WireTask } from '../wire.js';
import { describeTask } from './tasks.js';

interface ClaimOptions {
  agent: string;
  workspace?: string[];
  types?: string[];
  limit?: number;
  leaseSeconds?: number;
  kind?: string;
  wait?: number;
}

export async function claim(context: Context, options: ClaimOptions): Promise<void> {
  const client = context.client();
  const { agent, workspace, kind, wait = 0, ...rest } = options;
  const body = {
    ...rest,
    agentId: await context.agentId(client, agent),
    workspaceIds: workspace && (await Promise.all(workspace.map((one) => context.workspaceId(client, one)))),
    claimKind: kind,
    waitSeconds: wait,
  };
  const call: Call = { ...once(), timeoutMs: (wait + 30) * 1_000 };
  const { leases } = await client.post<{ leases: WireLease[] }>('/v1/tasks/claim', body, call);
  context.output.answer({ leases }, () => leases.map(leaseText).join('\n\n') || 'There is nothing to do.');
}

export async function complete(context: Context, id: string, body: { epoch: number; result?: unknown }): Promise<void> {
  // A repeat by the one who completed it gets the same answer, so it needs no key.
  await write(context, id, 'complete', body, { repeatable: true });
}

interface FailOptions {
  epoch: number;
  code: string;
  message: string;
  final?: boolean;
}

export async function fail(context: Context, id: string, { epoch, code, message, final }: FailOptions): Promise<void> {
  await write(context, id, 'fail', { epoch, error: { code, message, retryable: final !== true } }, once());
}

export async function release(context: Context, id: string, body: { epoch: number; reason?: string }): Promise<void> {
  await write(context, id, 'release', body, once());
}

export async function cancel(context: Context, id: string, body: { reason?: string; tree?: boolean }): Promise<void> {
  await write(context, id, 'cancel', body, once());
}

export async function retry(context: Context, id: string): Promise<void> {
  await write(context, id, 'retry', {}, once());
}

async function write(context: Context, id: string, verb: string, body: object, call: Call): Promise<void> {
  const path = `/v1/tasks/${encodeURIComponent(id)}/${verb}`;
  const answer = await context.client().post<{ task: WireTask }>(path, body, call);
  context.output.answer(answer, () => describeTask(answer.task));
}

const leaseText = ({ task, epoch }: WireLease): string =>
  `${describeTask(task)}\n\nWhen done: muster task complete ${task.id} --epoch ${epoch}`;
