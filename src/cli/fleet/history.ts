import type { JsonObject } from '../../shared/errors/index.js';
import type { EventView } from '../../workspaces/index.js';

/** The members of an event that the rules speak of. */
export type HistoryEvent = Pick<EventView, 'type' | 'subject' | 'time' | 'sequence' | 'data'>;

/** What an agent was told, as it wrote it down when the answer came. */
export interface Told {
  agentId: string;
  taskId: string;
  epoch: number;
  /** `claimed`: it was given the task; `completed` and `refused`: the answer to its completion. */
  answer: 'claimed' | 'completed' | 'refused';
}

export const RULES = {
  sequence_gap: 'events are numbered 1, 2, 3 … without a gap',
  time_backwards: 'time does not run against the numbers',
  claimed_while_held: 'a task is claimed only after the attempt before has ended',
  epoch_not_rising: 'each claim of a task has a higher epoch than the one before',
  claimed_when_done: 'a task that is completed is not claimed again',
  claimed_before_blocker: 'a task is claimed only after everything that blocks it is completed',
  ended_by_other: 'an attempt is ended by the holder of the newest epoch, or by the end of its lease',
  completed_twice: 'a task is completed once',
  told_but_not_claimed: 'what an agent was given is in the log, under its name and epoch',
  given_twice: 'one lease is given to one agent',
  told_but_not_completed: 'what an agent was told to be completed is completed in the log',
  refused_but_completed: 'a completion that was refused is not in the log',
} as const;
export type Rule = keyof typeof RULES;

export interface Violation {
  rule: Rule;
  detail: string;
  taskId?: string;
  sequence?: number;
}

export interface Verdict {
  clean: boolean;
  events: number;
  tasks: number;
  claims: number;
  completions: number;
  /** Answers to agents that were held against the log. */
  answers: number;
  /** Blockers whose tasks this log does not hold (they are in other workspaces, or older than it): not judged. */
  unknownBlockers: number;
  violationCount: number;
  /** The first hundred. */
  violations: Violation[];
}

interface Holder {
  agentId: string;
  epoch: number;
}

interface TaskState {
  /** False when the log begins after the task's creation. */
  whole: boolean;
  blockedBy: readonly string[];
  claims: Map<number, string>;
  newestEpoch: number;
  holder?: Holder;
  completedBy?: Holder | 'import';
}

/** Ends of attempts that leave the task uncompleted. */
const ENDS = new Set(['task.attempt_failed', 'task.failed', 'task.released', 'task.lease_expired']);
const MAX_VIOLATIONS = 100;

/**
 * Judges the log of one workspace: whether each task was completed once, by whoever held its newest epoch, never by two
 * at a time, and never before what blocks it. Give it every event in order, then what the agents were told.
 */
export class History {
  private readonly tasks = new Map<string, TaskState>();
  private readonly violations: Violation[] = [];
  private violationCount = 0;
  private events = 0;
  private claims = 0;
  private completions = 0;
  private unknownBlockers = 0;
  private last: { sequence: number; time: string };

  /** @param after the number after which the log begins: 0, or the floor that its retention left */
  constructor(private readonly after = 0) {
    this.last = { sequence: after, time: '' };
  }

  see(event: HistoryEvent): void {
    this.events += 1;
    this.order(event);
    const [kind, id] = event.subject.split('/');
    if (kind === 'task' && id !== undefined) this.task(event, id);
  }

  verdict(answers: readonly Told[] = []): Verdict {
    const given = new Set<string>();
    for (const told of answers) this.hold(told, given);
    const { events, claims, completions, unknownBlockers, violations, violationCount } = this;
    return {
      clean: violationCount === 0,
      events,
      tasks: this.tasks.size,
      claims,
      completions,
      answers: answers.length,
      unknownBlockers,
      violationCount,
      violations,
    };
  }

  private order({ sequence, time }: HistoryEvent): void {
    const { last } = this;
    if (sequence !== last.sequence + 1) {
      this.violated({ rule: 'sequence_gap', sequence, detail: `${sequence} follows ${last.sequence}` });
    }
    if (time < last.time) {
      this.violated({ rule: 'time_backwards', sequence, detail: `${time} follows ${last.time}` });
    }
    this.last = { sequence, time };
  }

  private task(event: HistoryEvent, id: string): void {
    const { type } = event;
    if (type === 'task.created') this.tasks.set(id, createdState(event));
    else if (type === 'task.claimed') this.claimed(event, id);
    else if (type === 'task.completed') this.completed(event, id);
    else if (ENDS.has(type)) this.ended(event, id);
  }

  private claimed(event: HistoryEvent, taskId: string): void {
    this.claims += 1;
    const task = this.stateOf(taskId);
    const claim = holderOf(event);
    const violated = (rule: Rule, detail: string): void =>
      this.violated({ rule, taskId, sequence: event.sequence, detail });

    if (task.holder) violated('claimed_while_held', `${told(claim)} while ${told(task.holder)} holds it`);
    if (claim.epoch <= task.newestEpoch) violated('epoch_not_rising', `${told(claim)} after epoch ${task.newestEpoch}`);
    if (task.completedBy) violated('claimed_when_done', `${told(claim)} after its completion`);
    for (const blocker of task.blockedBy) {
      const state = this.tasks.get(blocker);
      if (!state) this.unknownBlockers += 1;
      else if (!state.completedBy) violated('claimed_before_blocker', `${told(claim)} before ${blocker} was completed`);
    }
    task.holder = claim;
    task.newestEpoch = Math.max(task.newestEpoch, claim.epoch);
    task.claims.set(claim.epoch, claim.agentId);
  }

  private completed(event: HistoryEvent, taskId: string): void {
    this.completions += 1;
    const task = this.stateOf(taskId);
    if (task.completedBy) {
      const detail = `${told(holderOf(event))} after it was completed already`;
      this.violated({ rule: 'completed_twice', taskId, sequence: event.sequence, detail });
    } else {
      this.ended(event, taskId);
    }
    task.completedBy = holderOf(event);
  }

  private ended(event: HistoryEvent, taskId: string): void {
    const task = this.stateOf(taskId);
    const by = holderOf(event);
    const { holder } = task;
    const isHolder = holder?.agentId === by.agentId && holder.epoch === by.epoch;
    if (!isHolder && (task.whole || holder)) {
      const detail = `${event.type} by ${told(by)}, which ${holder ? `${told(holder)} holds` : 'nobody holds'}`;
      this.violated({ rule: 'ended_by_other', taskId, sequence: event.sequence, detail });
    }
    delete task.holder;
  }

  private hold({ agentId, taskId, epoch, answer }: Told, given: Set<string>): void {
    const task = this.tasks.get(taskId);
    const done = task?.completedBy;
    const logged = done !== undefined && done !== 'import' && done.epoch === epoch && done.agentId === agentId;
    const violated = (rule: Rule): void => this.violated({ rule, taskId, detail: told({ agentId, epoch }) });
    switch (answer) {
      case 'claimed': {
        if (task?.claims.get(epoch) !== agentId) violated('told_but_not_claimed');
        const lease = `${taskId} ${epoch}`;
        if (given.has(lease)) violated('given_twice');
        given.add(lease);
        return;
      }
      case 'completed':
        if (!logged) violated('told_but_not_completed');
        return;
      case 'refused':
        if (logged) violated('refused_but_completed');
        return;
    }
  }

  private stateOf(taskId: string): TaskState {
    const known = this.tasks.get(taskId);
    if (known) return known;
    const state: TaskState = { whole: this.after === 0, blockedBy: [], claims: new Map(), newestEpoch: 0 };
    this.tasks.set(taskId, state);
    return state;
  }

  private violated(violation: Violation): void {
    this.violationCount += 1;
    if (this.violations.length < MAX_VIOLATIONS) this.violations.push(violation);
  }
}

/** Ids of the tasks that a created one waits for to be completed. */
export function blockersOf(data: JsonObject | null | undefined): string[] {
  const edges = Array.isArray(data?.dependsOn) ? (data.dependsOn as JsonObject[]) : [];
  return edges.filter(({ kind }) => kind === 'blocks').map(({ taskId }) => String(taskId));
}

function createdState({ data }: HistoryEvent): TaskState {
  const blockedBy = blockersOf(data);
  const state: TaskState = { whole: true, blockedBy, claims: new Map(), newestEpoch: 0 };
  return data?.status === 'completed' ? { ...state, completedBy: 'import' } : state;
}

const holderOf = ({ data }: HistoryEvent): Holder => ({ agentId: String(data?.agentId), epoch: Number(data?.epoch) });

const told = ({ agentId, epoch }: Holder): string => `agent ${agentId} under epoch ${epoch}`;
