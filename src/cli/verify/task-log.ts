import { type Edge, edgeOf, type FinalEnd, isSatisfiedBy } from './edges.js';
import type { FeedOrder } from './feed-order.js';
import type { HistoryEvent } from './history-line.js';
import type { Rule, Violations } from './rules.js';
import {
  type Claim,
  claimOf,
  createdState,
  FINAL_ENDS,
  isTakenAway,
  mayFollow,
  newState,
  OPEN_ENDS,
  type TaskState,
  told,
} from './task-state.js';

/** A claim of a task whose blocker stands in another feed, or in none: judged when everything was read. */
interface Deferred {
  event: HistoryEvent;
  taskId: string;
  edge: Edge;
}

/** Judges what the log says of tasks. Events of one feed come in order; feeds may come in any. */
export class TaskLog {
  readonly counts = { claims: 0, completions: 0, unknownBlockers: 0 };
  private readonly tasks = new Map<string, TaskState>();
  private readonly dependants = new Map<string, Edge[]>();
  private deferred: Deferred[] = [];

  constructor(
    private readonly violations: Violations,
    private readonly feeds: FeedOrder,
  ) {}

  get size(): number {
    return this.tasks.size;
  }

  find(taskId: string): TaskState | undefined {
    return this.tasks.get(taskId);
  }

  all(): Iterable<[string, TaskState]> {
    return this.tasks;
  }

  see(event: HistoryEvent): void {
    const [kind, id] = event.subject.split('/');
    if (kind !== 'task' || id === undefined) return;
    const { type } = event;
    const end = FINAL_ENDS[type];
    if (end) this.finished(event, id, end);
    else if (OPEN_ENDS.has(type)) this.leaseEnded(event, id);
    else if (type === 'task.created') this.created(event, id);
    else if (type === 'task.claimed') this.claimed(event, id);
    else if (type === 'task.progressed') this.progressed(event, id);
    else if (type === 'task.retried') this.retried(event, id);
    else if (type === 'task.deleted') this.stateOf(event, id).deleted = true;
    else if (type === 'task.edge_added') this.addEdge(this.stateOf(event, id), edgeOf(event.data ?? {}), event.time);
    else if (type === 'task.edge_removed') this.removeEdge(event, id);
  }

  /** Judges the claims that had to wait for the rest of the history. */
  finish(): void {
    for (const { event, taskId, edge } of this.deferred) {
      const blocker = this.tasks.get(edge.blocker);
      if (!blocker?.whole) this.counts.unknownBlockers += 1;
      else if (edge.satisfiedAt === undefined || edge.satisfiedAt > event.time) this.tooEarly(event, taskId, edge);
    }
    this.deferred = [];
  }

  /** Whether a blocker holds the task up; undefined when a blocker is not known. */
  isBlocked({ edges }: TaskState): boolean | undefined {
    const open = edges.filter(({ satisfiedAt }) => satisfiedAt === undefined);
    return open.some(({ blocker }) => !this.tasks.get(blocker)?.whole) ? undefined : open.length > 0;
  }

  private created(event: HistoryEvent, id: string): void {
    const state = createdState(event);
    const { edges } = state;
    state.edges = [];
    this.tasks.set(id, state);
    for (const edge of edges) this.addEdge(state, edge, event.time);
    if (state.ended) this.release(id, state.ended, event.time);
  }

  private claimed(event: HistoryEvent, taskId: string): void {
    this.counts.claims += 1;
    const task = this.stateOf(event, taskId);
    const claim = claimOf(event) ?? { agentId: 'unknown', epoch: Number(event.data?.epoch) };
    const violated = (rule: Rule, detail: string): void => this.violated(rule, event, taskId, detail);

    if (task.holder) violated('claimed_while_held', `${told(claim)} while ${told(task.holder)} holds it`);
    if (claim.epoch <= task.newestEpoch) violated('epoch_not_rising', `${told(claim)} after epoch ${task.newestEpoch}`);
    if (task.ended) violated('claimed_when_done', `${told(claim)} after it was ${task.ended}`);
    for (const edge of task.edges) if (edge.satisfiedAt === undefined) this.judgeBlocker(event, taskId, edge);
    task.holder = claim;
    task.newestEpoch = Math.max(task.newestEpoch, claim.epoch);
    task.claims.set(claim.epoch, claim);
  }

  private judgeBlocker(event: HistoryEvent, taskId: string, edge: Edge): void {
    const blocker = this.tasks.get(edge.blocker);
    if (blocker?.whole && blocker.feed === event.feed) this.tooEarly(event, taskId, edge);
    else this.deferred.push({ event, taskId, edge });
  }

  private tooEarly(event: HistoryEvent, taskId: string, { blocker, kind }: Edge): void {
    const detail = `${told(claimOf(event))} before ${blocker} had ended (${kind})`;
    this.violated('claimed_before_blocker', event, taskId, detail);
  }

  private progressed(event: HistoryEvent, taskId: string): void {
    const task = this.stateOf(event, taskId);
    const claim = this.heldBy(event, taskId, task);
    if (claim) claim.progressed = true;
  }

  private finished(event: HistoryEvent, taskId: string, end: FinalEnd): void {
    if (end === 'completed') this.counts.completions += 1;
    const task = this.stateOf(event, taskId);
    if (task.ended && !mayFollow(task.ended, end)) {
      this.violated('finished_twice', event, taskId, `${end} by ${told(claimOf(event))}, after it was ${task.ended}`);
    } else {
      this.leaseEnded(event, taskId);
    }
    task.ended = end;
    this.release(taskId, end, event.time);
  }

  private leaseEnded(event: HistoryEvent, taskId: string): void {
    const task = this.stateOf(event, taskId);
    const claim = this.heldBy(event, taskId, task);
    if (claim) {
      claim.end = event.type;
      if (isTakenAway(event)) this.takenAway(event, taskId, claim);
    }
    delete task.holder;
  }

  /** The claim under which an event came, which must be the one that holds the task; nobody's where nobody holds it. */
  private heldBy(event: HistoryEvent, taskId: string, task: TaskState): Claim | undefined {
    const by = claimOf(event);
    const { holder } = task;
    const isHolder = by ? holder?.agentId === by.agentId && holder.epoch === by.epoch : !holder;
    if (!isHolder && (task.whole || holder)) {
      const held = holder ? `${told(holder)} holds it` : 'nobody holds it';
      this.violated('not_by_holder', event, taskId, `${event.type} by ${told(by)}, but ${held}`);
    }
    if (!by) return undefined;
    const known = task.claims.get(by.epoch);
    if (known) return known.agentId === by.agentId ? known : undefined;
    if (!task.whole) task.claims.set(by.epoch, by);
    return task.whole ? undefined : by;
  }

  private takenAway(event: HistoryEvent, taskId: string, claim: Claim): void {
    claim.takenAt = event.sequence;
    if (claim.kind !== undefined && claim.kind !== 'agent') {
      this.violated('interactive_taken', event, taskId, `${told(claim)}, of kind ${claim.kind}: ${event.type}`);
    }
  }

  private retried(event: HistoryEvent, taskId: string): void {
    const task = this.stateOf(event, taskId);
    if (task.ended === 'failed' || task.ended === 'timeout') delete task.ended;
  }

  private addEdge(task: TaskState, edge: Edge | undefined, time: string): void {
    if (!edge) return;
    task.edges.push(edge);
    const end = this.tasks.get(edge.blocker)?.ended;
    if (end && isSatisfiedBy(edge, end)) {
      edge.satisfiedAt = time;
      return;
    }
    const others = this.dependants.get(edge.blocker);
    if (others) others.push(edge);
    else this.dependants.set(edge.blocker, [edge]);
  }

  private removeEdge(event: HistoryEvent, taskId: string): void {
    const task = this.stateOf(event, taskId);
    const gone = edgeOf(event.data ?? {});
    task.edges = task.edges.filter(({ blocker, kind }) => blocker !== gone?.blocker || kind !== gone.kind);
  }

  /** A task has ended: what waited for this end may go. */
  private release(taskId: string, end: FinalEnd, time: string): void {
    const waiting = this.dependants.get(taskId);
    if (!waiting) return;
    const left = waiting.filter((edge) => !isSatisfiedBy(edge, end));
    for (const edge of waiting) if (!left.includes(edge)) edge.satisfiedAt = time;
    if (left.length > 0) this.dependants.set(taskId, left);
    else this.dependants.delete(taskId);
  }

  private stateOf({ feed }: HistoryEvent, taskId: string): TaskState {
    const known = this.tasks.get(taskId);
    if (known) return known;
    const state = newState(feed, this.feeds.isWhole(feed));
    this.tasks.set(taskId, state);
    return state;
  }

  private violated(rule: Rule, { feed, sequence }: HistoryEvent, taskId: string, detail: string): void {
    this.violations.add({ rule, taskId, feed, sequence, detail });
  }
}
