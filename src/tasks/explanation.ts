import type { AgentStatus } from '../agents/index.js';
import type { Pause, PauseScope } from './pause.js';
import type { AbleAgentsView, BlockerView, ReasonCode, ReasonView, RunnerView } from './explanation.view.js';
import type { Task } from './task.entity.js';
import { hasEnded, isHeld, type TaskStatus } from './task-state.js';

/** An agent that has the capabilities, or the one that the task is assigned to. */
export interface Candidate {
  id: string;
  status: AgentStatus;
  /** How many tasks it holds at once at most; null is no limit. */
  capacity: number | null;
  held: number;
}

/** All that is needed to say why a task is where it is, as of one moment. */
export interface Circumstances {
  /** By the database's clock. */
  now: Date;
  task: Task;
  /** The other ends of edges that still block. */
  blockers: readonly BlockerView[];
  /** Of its workspace, its type and agents. */
  pauses: readonly Pause[];
  /** Agents with the capabilities. */
  capable: readonly Candidate[];
  /** The agent that it is assigned to; undefined when it is gone. */
  assignee: Candidate | undefined;
  key: { limit: number; running: number; runners: readonly RunnerView[] } | undefined;
  /** How many ready tasks stand before it in its lane. */
  before: number;
}

export interface Explanation {
  taskId: string;
  status: TaskStatus;
  /** One sentence. */
  summary: string;
  reasons: ReasonView[];
}

/** Sentences that the summary is made of. */
const IN_SUMMARY = 3;
/** Blockers that a sentence names, and that the data do. */
const NAMED = 3;
const LISTED = 20;
/** How much of the time to the deadline is over when it is near. */
const NEAR = 0.75;

/** Why the task is not running, or what it is doing; every reason that holds. */
export function explain(circumstances: Circumstances): Explanation {
  const { id: taskId, status } = circumstances.task;
  const reasons = reasonsOf(circumstances);
  const because = reasons.slice(0, IN_SUMMARY).map(({ message }) => message.slice(0, -1).replace(/^It/, 'it'));
  const more = reasons.length > IN_SUMMARY ? `; and for ${some(reasons.length - IN_SUMMARY, 'more reason')}` : '';
  return { taskId, status, summary: `The task is ${status}: ${because.join('; ')}${more}.`, reasons };
}

function reasonsOf(circumstances: Circumstances): ReasonView[] {
  const { task } = circumstances;
  if (hasEnded(task.status)) return [ending(task)];
  if (isHeld(task.status)) return holding(circumstances);
  const keeping = [
    ...edges(circumstances),
    ...times(circumstances),
    ...pauses(circumstances),
    ...concurrency(circumstances),
    ...(task.status === 'pending' ? agents(circumstances) : assignment(circumstances)),
  ];
  const near = deadline(circumstances);
  const over = near.some(({ code }) => code === 'deadline_passed');
  if (keeping.length > 0 || over || task.status !== 'pending') return [...keeping, ...near];
  return [ready(circumstances), ...near];
}

/** Every message begins with It and ends with a full stop, so that a summary can be made of several. */
const reason = (code: ReasonCode, predicate: string, data: Omit<ReasonView, 'code' | 'message'> = {}): ReasonView => ({
  code,
  message: `It ${predicate}.`,
  ...data,
});

function ready({ before, capable, pauses }: Circumstances): ReasonView {
  const { active, paused: stopped, full } = ability(capable, pauses);
  const place = before === 0 ? 'none stands before it' : `${some(before, 'ready task')} before it`;
  const free = some(active - stopped - full, 'active agent');
  return reason('ready', `is ready, ${place}, and ${free} can do it now`, { before });
}

function edges({ blockers }: Circumstances): ReasonView[] {
  const holding = blockers.filter(({ status }) => status === null || hasEnded(status));
  const running = blockers.filter((blocker) => !holding.includes(blocker));
  const reasons: ReasonView[] = [];
  if (running.length > 0) {
    const predicate = `waits for ${some(running.length, 'task')} to end: ${named(running)}`;
    reasons.push(reason('blocked', predicate, listed(running)));
  }
  if (holding.length > 0) {
    const what = `${some(holding.length, 'task')} that ended otherwise than it needs`;
    const predicate = `is held by ${what}, until that one is tried again and ends so, or the edge is removed: ${named(holding)}`;
    reasons.push(reason('held_by_blocker', predicate, listed(holding)));
  }
  return reasons;
}

const listed = (blockers: readonly BlockerView[]) => ({ blockers: blockers.slice(0, LISTED), count: blockers.length });

function named(blockers: readonly BlockerView[]): string {
  const names = blockers
    .slice(0, NAMED)
    .map(({ taskId, title, status, kind }) => `“${title.slice(0, 80)}” (${taskId}, ${status ?? 'gone'}, ${kind})`);
  const more = blockers.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}

function times({ task, now }: Circumstances): ReasonView[] {
  const reasons: ReasonView[] = [];
  const { runAt, readyAt, attempt, maxAttempts, error } = task;
  if (runAt && runAt > now) reasons.push(reason('scheduled', `is scheduled for ${iso(runAt)}`, { until: runAt }));
  // A backoff counts for claims of pending tasks only; an assigned one may be claimed as soon as its run_at has come.
  if (task.status === 'pending' && readyAt > now && readyAt.getTime() !== runAt?.getTime()) {
    const data = { until: readyAt, attempt, maxAttempts, error };
    reasons.push(reason('backoff', `waits until ${iso(readyAt)} after attempt ${attempt} of ${maxAttempts}`, data));
  }
  return reasons;
}

function deadline({ task, now }: Circumstances): ReasonView[] {
  const { deadline: until, createdAt } = task;
  if (!until) return [];
  const part = (now.getTime() - createdAt.getTime()) / (until.getTime() - createdAt.getTime());
  if (until <= now) return [reason('deadline_passed', `was to be done by ${iso(until)}, which has passed`, { until })];
  if (part < NEAR) return [];
  return [reason('deadline_near', `times out at its deadline, ${iso(until)}, which is near`, { until })];
}

function pauses({ task, pauses: found }: Circumstances): ReasonView[] {
  const ofWorkspace = paused(found, 'workspace', task.workspaceId);
  const ofType = paused(found, 'type', task.type);
  return [
    ...(ofWorkspace ? [reason('workspace_paused', `is in a workspace that is paused${said(ofWorkspace)}`, pausedBy(ofWorkspace))] : []), // prettier-ignore
    ...(ofType ? [reason('type_paused', `is of the type ${task.type}, which is paused${said(ofType)}`, pausedBy(ofType))] : []), // prettier-ignore
  ];
}

const paused = (pauses: readonly Pause[], scope: PauseScope, subject: string): Pause | undefined =>
  pauses.find((pause) => pause.scope === scope && pause.subject === subject);
const said = ({ reason: why }: Pause): string => (why ? ` (${why})` : '');
const pausedBy = ({ pausedAt, pausedBy: by, reason: why }: Pause) => ({ since: pausedAt, by, why });

function concurrency({ task, key }: Circumstances): ReasonView[] {
  if (!key || task.concurrencyKey === null || key.running < key.limit) return [];
  const predicate = `has the concurrency key ${task.concurrencyKey}, of which ${key.limit} may run and ${key.running} do`;
  const { limit, running: count, runners } = key;
  const data = { concurrencyKey: task.concurrencyKey, limit, count, running: [...runners] };
  return [reason('concurrency_key_full', predicate, data)];
}

/** What keeps the agents that could do it from claiming it. */
function agents({ task, capable, pauses: found }: Circumstances): ReasonView[] {
  const numbers = ability(capable, found);
  const { active, paused: stopped, full } = numbers;
  const needs = task.requiredCapabilities.join(', ');
  const data = { requiredCapabilities: task.requiredCapabilities, agents: numbers };
  const can = needs ? ` that can do ${needs}` : '';
  if (numbers.capable === 0) return [reason('no_capable_agent', `finds no agent${can}`, data)];
  if (active === 0) {
    const predicate = `finds ${some(numbers.capable, 'agent')}${can}, none of them active`;
    return [reason('capable_agents_not_active', predicate, data)];
  }
  if (stopped === active) {
    return [reason('capable_agents_paused', `finds ${some(active, 'active agent')}${can}, all paused`, data)];
  }
  if (full < active - stopped) return [];
  const predicate = `finds ${some(full, 'active agent')}${can}, all holding as many tasks as they may`;
  return [reason('capable_agents_full', predicate, data)];
}

function ability(capable: readonly Candidate[], found: readonly Pause[]): AbleAgentsView {
  const active = capable.filter(({ status }) => status === 'active');
  const free = active.filter(({ id }) => !paused(found, 'agent', id));
  const { length: full } = free.filter(isFull);
  return { capable: capable.length, active: active.length, paused: active.length - free.length, full };
}

const isFull = ({ capacity, held }: Candidate): boolean => capacity !== null && held >= capacity;

function assignment({ task, assignee, pauses: found }: Circumstances): ReasonView[] {
  const { status, assignedTo } = task;
  const agentId = assignedTo ?? '';
  const first =
    status === 'accepted'
      ? reason('accepted', `was accepted by the agent ${agentId}, which has not begun`, { agentId })
      : status === 'rejected'
        ? reason('rejected', `was rejected by the agent ${agentId}`, { agentId })
        : reason('assigned', `is for the agent ${agentId} only, which has not claimed it`, { agentId });
  if (!assignee) return [first, reason('assigned_agent_gone', `is for the agent ${agentId}, which does not exist any more`, { agentId })]; // prettier-ignore
  const { status: agentStatus, capacity, held } = assignee;
  const reasons = [first];
  if (agentStatus !== 'active') {
    const predicate = `is for an agent that is ${agentStatus}`;
    reasons.push(reason('assigned_agent_not_active', predicate, { agentId, agentStatus }));
  }
  const pause = paused(found, 'agent', agentId);
  if (pause) reasons.push(reason('assigned_agent_paused', `is for an agent that is paused${said(pause)}`, { agentId, ...pausedBy(pause) })); // prettier-ignore
  if (isFull(assignee)) {
    const predicate = `is for an agent that holds ${held} tasks, as many as it may`;
    reasons.push(reason('assigned_agent_full', predicate, { agentId, count: held, limit: capacity ?? held }));
  }
  return reasons;
}

function holding(circumstances: Circumstances): ReasonView[] {
  const { task, now } = circumstances;
  const { awaitingSince, cancelRequestedAt, overdueAt } = task;
  return [
    awaitingSince ? waiting(task, awaitingSince) : lease(task, now),
    ...(overdueAt ? [reason('overdue', `is overdue since ${iso(overdueAt)}, and a claim of the kind ${task.claimKind} is never taken away`, { since: overdueAt })] : []), // prettier-ignore
    ...(cancelRequestedAt ? [cancelling(task, cancelRequestedAt)] : []),
    ...deadline(circumstances),
  ];
}

function waiting(task: Task, since: Date): ReasonView {
  const data = { since, request: task.inputRequest, ...holder(task) };
  return reason('awaiting_input', `waits for input since ${iso(since)}, which the agent ${task.assignedTo} asked for`, data); // prettier-ignore
}

function lease(task: Task, now: Date): ReasonView {
  const { assignedTo, epoch, claimKind, leaseExpiresAt, timeoutAt } = task;
  const data = {
    ...holder(task),
    ...(leaseExpiresAt && { until: leaseExpiresAt }),
    ...(timeoutAt && { timeoutAt }),
  };
  const ends = leaseExpiresAt ? iso(leaseExpiresAt) : 'no time that is known';
  if (claimKind === 'agent' && leaseExpiresAt && leaseExpiresAt <= now) {
    const predicate = `was held by the agent ${assignedTo} until ${ends}, and is about to be taken back`;
    return reason('lease_over', predicate, data);
  }
  return reason('held', `is held by the agent ${assignedTo} under epoch ${epoch} until ${ends}`, data);
}

const holder = ({ assignedTo, epoch, claimKind, claimedAt }: Task) => ({
  epoch,
  ...(assignedTo !== null && { agentId: assignedTo }),
  ...(claimKind !== null && { claimKind }),
  ...(claimedAt !== null && { since: claimedAt }),
});

const cancelling = (task: Task, since: Date): ReasonView =>
  reason(
    'cancel_requested',
    `was asked to stop at ${iso(since)}${task.cancelReason ? ` (${task.cancelReason})` : ''}`,
    {
      since,
      why: task.cancelReason,
    },
  );

function ending(task: Task): ReasonView {
  const { status, error, attempt, maxAttempts, completedAt, cancelReason } = task;
  const data = { error, attempt, maxAttempts, ...(completedAt && { since: completedAt }) };
  const message = typeof error?.message === 'string' ? ` (${error.message.replace(/\.$/, '')})` : '';
  if (status === 'completed') return reason('completed', `was completed${at(completedAt)}`, data);
  // Only the policy of an edge names a blocker.
  const byEdge = typeof error?.blockerId === 'string';
  if (status === 'cancelled') {
    return byEdge
      ? reason('skipped', `was skipped by the policy of an edge${message}`, data)
      : reason('cancelled', `was cancelled${at(completedAt)}${message}`, { ...data, why: cancelReason });
  }
  if (byEdge) return reason('blocker_failed', `failed by the policy of an edge${message}`, data);
  if (error?.code === 'deadline_passed') return reason('deadline_passed', `was not done by its deadline`, data);
  const tries = `after attempt ${attempt} of ${maxAttempts}`;
  if (status === 'timeout') return reason('timed_out', `timed out ${tries}${message}`, data);
  return attempt >= maxAttempts
    ? reason('attempts_used_up', `failed ${tries}: none is left${message}`, data)
    : reason('not_retryable', `failed ${tries}, and its holder said that another would fail too${message}`, data);
}

const iso = (time: Date): string => time.toISOString();
const at = (time: Date | null): string => (time ? ` at ${iso(time)}` : '');
const some = (count: number, noun: string): string => `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`;
