import type { WireAgent, WireTask } from '../wire.js';
import type { Client } from '../client.js';
import { count } from '../text.js';
import { type Check, type Examination, type Finding, healthy } from './finding.js';

/** A sweep is due every second; this long after its end a lease was overlooked. */
const SWEEP_GRACE_MS = 10_000;
/** Tasks that are looked at; beyond them the picture is clear. */
const MAX_TASKS = 20_000;

export const workChecks: readonly Check[] = [
  { name: 'leases', run: ({ client }) => leases(client) },
  { name: 'ready work', run: ({ client, stuckAfterMs }) => readyWork(client, stuckAfterMs) },
];

async function leases(client: Client): Promise<Examination> {
  const held = await some(client.all<WireTask>('/v1/tasks', { status: ['in_progress', 'awaiting_input'] }));
  const now = Date.now();
  const findings = leaseFindings(held, now);
  return { detail: `${count(held.length, 'task')} held`, findings };
}

export function leaseFindings(held: readonly WireTask[], now: number): Finding[] {
  const over = held.filter(({ leaseExpiresAt }) => Date.parse(leaseExpiresAt ?? '') < now - SWEEP_GRACE_MS);
  const unswept = over.filter(({ claimKind }) => claimKind === 'agent');
  const overdue = over.length - unswept.length;
  const findings: Finding[] = [];
  if (unswept.length > 0) {
    findings.push({
      severity: 'error',
      what: `${count(unswept.length, 'lease')} ended more than ${SWEEP_GRACE_MS / 1_000} s ago and the task was not given back, such as task ${unswept[0]?.id}.`,
      mend: 'No node sweeps, or it fails at it: look for “the sweep failed” in the logs, and at the clocks.',
    });
  }
  if (overdue > 0) {
    findings.push({
      severity: 'info',
      what: `${count(overdue, 'interactive or human lease')} is overdue; such a lease is never taken away.`,
      mend: 'Ask whoever holds it: muster task list --status in_progress --sort updatedAt',
    });
  }
  return findings;
}

async function readyWork(client: Client, stuckAfterMs: number): Promise<Examination> {
  const pending = await some(client.all<WireTask>('/v1/tasks', { status: ['pending'] }));
  const agents = await some(client.all<WireAgent>('/v1/agents', { status: ['active'] }));
  const stuck = stuckTasks(pending, stuckAfterMs, Date.now());
  const detail = `${count(pending.length, 'task')} pending, ${stuck.length} of them ready for more than ${stuckAfterMs / 60_000} min, ${count(agents.length, 'active agent')}`;
  return stuck.length === 0 ? healthy(detail) : { detail, findings: stuckFindings(stuck, agents) };
}

/** Could be claimed, and nobody has for a long time. */
export const stuckTasks = (pending: readonly WireTask[], stuckAfterMs: number, now: number): WireTask[] =>
  pending.filter(({ openBlockers, runAt, readyAt }) => {
    const since = Math.max(Date.parse(readyAt), runAt === null ? 0 : Date.parse(runAt));
    return openBlockers === 0 && since < now - stuckAfterMs;
  });

/** One finding for each set of capabilities that stuck tasks need. */
export function stuckFindings(stuck: readonly WireTask[], agents: readonly WireAgent[]): Finding[] {
  const bySet = new Map<string, WireTask[]>();
  for (const task of stuck) {
    const set = task.requiredCapabilities.join(',');
    const others = bySet.get(set);
    if (others) others.push(task);
    else bySet.set(set, [task]);
  }
  return [...bySet].map(([set, tasks]): Finding => {
    const needs = tasks[0]?.requiredCapabilities ?? [];
    const able = agents.filter(({ capabilities }) => needs.every((one) => capabilities.includes(one)));
    const what = `${count(tasks.length, 'task')} ready for long`;
    if (able.length === 0) {
      const mend = `Run an agent that can: muster agent register NAME${set && ` --capabilities ${set}`}`;
      return { severity: 'warning', what: `${what}: no active agent can do ${set || 'them'}.`, mend };
    }
    const seen = able.map(({ lastSeenAt }) => lastSeenAt).sort().at(-1); // prettier-ignore
    const mend = 'See that the agents run and claim from this workspace, or add more of them.';
    return { severity: 'warning', what: `${what}, though ${count(able.length, 'active agent')} can do them; the last was seen at ${seen}.`, mend }; // prettier-ignore
  });
}

async function some<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const taken: Item[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length === MAX_TASKS) break;
  }
  return taken;
}
