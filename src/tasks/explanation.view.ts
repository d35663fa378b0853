import { AnyJson, Whole } from '../shared/http/index.js';
import type { AgentStatus } from '../agents/index.js';
import type { JsonObject, JsonValue } from '../shared/errors/index.js';
import type { ClaimKind, EdgeKind, OnFailure } from './task.entity.js';
import { EndStatus, TaskStatus } from './task-state.js';

/**
 * Why a task is not running, or what keeps it where it is.
 *
 * | code | meaning |
 * |---|---|
 * | blocked | it waits for tasks that have not ended |
 * | held_by_blocker | a task that it depends on ended otherwise than the edge needs, and the edge holds it |
 * | scheduled | its run_at has not come |
 * | backoff | it waits after a failed attempt |
 * | deadline_near | three quarters of the time to its deadline are over |
 * | deadline_passed | its deadline has passed: it is ended, or about to be |
 * | no_capable_agent | no agent has the capabilities |
 * | capable_agents_not_active | agents have them, none is active |
 * | capable_agents_paused | all active agents that have them are paused |
 * | capable_agents_full | all that are active and not paused hold as many tasks as they can |
 * | concurrency_key_full | as many tasks of its concurrency key run as its limit allows |
 * | workspace_paused, type_paused | tasks of its workspace or type are not handed out |
 * | assigned | it is for one agent, which has not claimed it |
 * | accepted, rejected | that agent said so, and has not begun |
 * | assigned_agent_gone | that agent does not exist any more |
 * | assigned_agent_not_active, assigned_agent_paused, assigned_agent_full | that agent cannot claim it now |
 * | ready | any agent that can do it may claim it |
 * | held | somebody works on it under a lease |
 * | lease_over | the lease has ended, and the sweeper is about to take the task back |
 * | overdue | the claim is past its lease, timeout or deadline, and of a kind that is never taken away |
 * | cancel_requested | its holder is asked to stop |
 * | awaiting_input | its holder waits for an answer |
 * | attempts_used_up | it was tried as often as it may be |
 * | not_retryable | its holder said that another attempt would fail as well |
 * | timed_out | its last attempt took too long |
 * | blocker_failed, skipped | the policy of an edge ended it |
 * | completed, cancelled | it has ended |
 */
export const REASON_CODES = [
  'blocked',
  'held_by_blocker',
  'scheduled',
  'backoff',
  'deadline_near',
  'deadline_passed',
  'no_capable_agent',
  'capable_agents_not_active',
  'capable_agents_paused',
  'capable_agents_full',
  'concurrency_key_full',
  'workspace_paused',
  'type_paused',
  'assigned',
  'accepted',
  'rejected',
  'assigned_agent_gone',
  'assigned_agent_not_active',
  'assigned_agent_paused',
  'assigned_agent_full',
  'ready',
  'held',
  'lease_over',
  'overdue',
  'cancel_requested',
  'awaiting_input',
  'attempts_used_up',
  'not_retryable',
  'timed_out',
  'blocker_failed',
  'skipped',
  'completed',
  'cancelled',
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

/** A task at the other end of an edge that still blocks. */
export class BlockerView {
  taskId: string;
  title: string;
  /** What that task is now; null when it is gone. */
  status: TaskStatus | null;
  kind: EdgeKind;
  onFailure: OnFailure;
  /** How it must end, for `conditional`. */
  outcome: EndStatus | null;
}

/** A task that runs under the same concurrency key. */
export class RunnerView {
  taskId: string;
  agentId: string | null;
  leaseExpiresAt: Date | null;
}

/** How many agents have the capabilities, and what keeps them from claiming. */
export class AbleAgentsView {
  @Whole()
  capable: number;
  @Whole()
  active: number;
  @Whole()
  paused: number;
  /** Active, not paused, and holding as many tasks as they can. */
  @Whole()
  full: number;
}

/** One reason; which of the fields it has depends on its code. */
export class ReasonView {
  code: ReasonCode;
  /** One sentence. */
  message: string;
  /** When it ends by itself. */
  until?: Date;
  since?: Date;
  /** Which tasks block; the first twenty. */
  blockers?: BlockerView[];
  /** How many there are, also of those that are not named. */
  @Whole()
  count?: number;
  /** Who holds the task, or is to do it. */
  agentId?: string;
  agentStatus?: AgentStatus;
  @Whole()
  epoch?: number;
  claimKind?: ClaimKind;
  /** When the attempt is over, lease or not. */
  timeoutAt?: Date;
  requiredCapabilities?: string[];
  agents?: AbleAgentsView;
  concurrencyKey?: string;
  @Whole()
  limit?: number;
  /** Tasks of the concurrency key that run; the first twenty. */
  running?: RunnerView[];
  /** Who paused it. */
  by?: string;
  /** What was said when it was paused or cancelled. */
  why?: string | null;
  /** What its holder asked. */
  @AnyJson()
  request?: JsonValue;
  @Whole()
  attempt?: number;
  @Whole()
  maxAttempts?: number;
  error?: JsonObject | null;
  /** How many ready tasks of its lane are claimed before it; counted up to 1,000. */
  @Whole()
  before?: number;
}
export class ExplanationView {
  taskId: string;
  status: TaskStatus;
  /** Why it is not running, or what it is doing, in one sentence. */
  summary: string;
  /** Every reason; none is left out because another is stronger. */
  reasons: ReasonView[];
}
