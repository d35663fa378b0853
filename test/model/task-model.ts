/**
 * What the tasks of one tenant do, in as little code as it takes: no clock, no transactions, no SQL. It is written from the
 * requirements and imports nothing of the service, so that the two check each other.
 *
 * Every command answers `ok` or the code of the refusal, and changes the model when it is `ok`.
 */
export type Status =
  | 'pending'
  | 'assigned'
  | 'accepted'
  | 'rejected'
  | 'in_progress'
  | 'awaiting_input'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'timeout';
export type EndStatus = 'completed' | 'failed' | 'cancelled' | 'timeout';

/** What may follow by somebody's command. */
export const NEXT: Record<Status, Status[]> = {
  pending: ['assigned', 'in_progress', 'cancelled'],
  assigned: ['accepted', 'rejected', 'in_progress', 'pending', 'cancelled'],
  accepted: ['in_progress', 'pending', 'cancelled'],
  rejected: ['pending', 'assigned', 'cancelled'],
  in_progress: ['completed', 'failed', 'timeout', 'awaiting_input', 'cancelled', 'pending'],
  awaiting_input: ['in_progress', 'cancelled', 'timeout', 'pending'],
  completed: [],
  failed: ['pending', 'cancelled'],
  timeout: ['pending', 'failed', 'cancelled'],
  cancelled: [],
};
/** What the policy of an edge or a deadline may make of a task that nobody has begun. */
const BY_SYSTEM: Status[] = ['failed', 'timeout'];

const WAITING: Status[] = ['pending', 'assigned', 'accepted', 'rejected'];
const HELD: Status[] = ['in_progress', 'awaiting_input'];
const ENDED: Status[] = ['completed', 'failed', 'cancelled', 'timeout'];
export const isWaiting = (task: ModelTask): boolean => WAITING.includes(task.status);
export const isHeld = (task: ModelTask): boolean => HELD.includes(task.status);
export const hasEnded = (task: ModelTask): boolean => ENDED.includes(task.status);

export type Kind = 'blocks' | 'waits_for' | 'conditional' | 'related' | 'parent_child';
export type Policy = 'hold' | 'fail' | 'skip' | 'proceed';
export type ClaimKind = 'agent' | 'interactive' | 'human';
const BLOCKING: Kind[] = ['blocks', 'waits_for', 'conditional'];

export interface ModelEdge {
  blocker: string;
  blocked: string;
  kind: Kind;
  onFailure: Policy;
  outcome: EndStatus | null;
  resolved: boolean;
}
export type Terms = Pick<ModelEdge, 'kind' | 'onFailure' | 'outcome'>;

/** What is given with a new task. */
export interface Draft {
  id: string;
  type: string;
  priority: number;
  capabilities: string[];
  dedupeKey: string | null;
  concurrencyKey: string | null;
  maxAttempts: number;
  /** Its run_at is far away. */
  later: boolean;
  assignee: string | null;
  parent: string | null;
  edges: (Terms & { blocker: string })[];
  /** Of an imported task. */
  status?: 'pending' | 'completed' | 'cancelled';
}

export interface ModelTask extends Omit<Draft, 'edges' | 'status'> {
  name: string;
  status: Status;
  epoch: number;
  attempt: number;
  claimKind: ClaimKind | null;
  cancelRequested: boolean;
  overdue: boolean;
  deadline: 'none' | 'ahead' | 'passed';
  deleted: boolean;
  /** As observed: when a task became ready, and which change it is at, is the service's to say. */
  readyAt: number;
  version: number;
  /** Types of its events. */
  log: string[];
}

export interface ModelAgent {
  id: string;
  name: string;
  capabilities: string[];
  capacity: number | null;
}

export interface Attempt {
  task: string;
  epoch: number;
  agent: string;
  outcome: string;
}

export interface ClaimTerms {
  agent: ModelAgent;
  limit: number;
  types: string[] | null;
  kind: ClaimKind;
}

export type Write = 'heartbeat' | 'progress' | 'complete' | 'fail' | 'release' | 'await';
const LEADS_TO = { complete: 'completed', fail: 'failed', release: 'pending', await: 'awaiting_input' } as const;

/** What a write under an epoch is answered. */
export function verdict(
  task: Pick<ModelTask, 'status' | 'epoch' | 'deleted' | 'cancelRequested'> | undefined,
  epoch: number,
  write: Write,
): string {
  if (!task || task.deleted) return 'not_found';
  if (task.epoch !== epoch || task.status === 'pending') return 'lease_lost';
  const held = HELD.includes(task.status);
  if (write === 'heartbeat') return held ? 'ok' : 'lease_lost';
  if (write === 'progress') return task.status === 'in_progress' ? 'ok' : 'invalid_transition';
  if (write === 'await' && task.status === 'in_progress' && task.cancelRequested) return 'cancel_requested';
  return held && NEXT[task.status].includes(LEADS_TO[write]) ? 'ok' : 'invalid_transition';
}

/** Whether an edge has what it needs once its blocker has this status. */
function satisfied({ kind, onFailure, outcome }: ModelEdge, status: Status): boolean {
  if (!BLOCKING.includes(kind)) return true;
  if (!ENDED.includes(status)) return false;
  return kind === 'waits_for' || onFailure === 'proceed' || status === (kind === 'blocks' ? 'completed' : outcome);
}

export class TaskModel {
  readonly tasks = new Map<string, ModelTask>();
  readonly agents: ModelAgent[] = [];
  readonly attempts: Attempt[] = [];
  readonly limits = new Map<string, number>();
  readonly pauses = new Set<string>();
  edges: ModelEdge[] = [];
  /** Tasks that the last command changed, and those of them whose place in the order of claims is new. */
  readonly changed = new Set<string>();
  readonly readied = new Set<string>();
  /** Where two policies disagree either is right: tells what the service chose. */
  chosen: (id: string) => Status | undefined = () => undefined;

  /** @param deferred whether policies wait for `doom`, for a log says whom they ended */
  constructor(private readonly deferred = false) {}

  get(id: string): ModelTask | undefined {
    const task = this.tasks.get(id);
    return task?.deleted ? undefined : task;
  }

  openBlockers(task: ModelTask): number {
    return this.edges.filter((edge) => edge.blocked === task.id && !edge.resolved).length;
  }

  held(agent: ModelAgent): number {
    return [...this.tasks.values()].filter((task) => isHeld(task) && task.assignee === agent.id).length;
  }

  /** How many more tasks of the key may run. */
  room(key: string | null): number {
    if (key === null) return Infinity;
    const running = [...this.tasks.values()].filter((task) => isHeld(task) && task.concurrencyKey === key).length;
    return (this.limits.get(key) ?? 1) - running;
  }

  create(drafts: readonly Draft[]): string {
    for (const draft of drafts) {
      if (
        [...draft.edges.map((edge) => edge.blocker), draft.parent].some((id) => id !== null && !this.known(id, drafts))
      )
        return 'not_found';
    }
    for (const { parent: id } of drafts) {
      const parent = id === null ? undefined : this.get(id);
      const stopped = parent && (parent.status === 'cancelled' || (parent.cancelRequested && !hasEnded(parent)));
      if (stopped) return 'parent_cancelled';
    }
    const keys = drafts.filter((draft) => !ENDED.includes(draft.status ?? 'pending')).map((draft) => draft.dedupeKey);
    if (keys.some((key, index) => key !== null && (this.duplicate(key) || keys.indexOf(key) !== index)))
      return 'duplicate_task';

    const made = drafts.map((draft) => this.insert(draft));
    for (const { id, edges, parent } of drafts) {
      if (parent) this.link(id, { blocker: parent, kind: 'parent_child', onFailure: 'hold', outcome: null });
      for (const edge of edges) this.link(id, edge);
    }
    const blockers = new Set(drafts.flatMap((draft) => draft.edges.map((edge) => edge.blocker)));
    this.settle([...blockers].flatMap((id) => this.tasks.get(id) ?? []).filter(hasEnded), made);
    return 'ok';
  }

  addEdge(id: string, edge: Terms & { blocker: string }): string {
    if (edge.blocker === id) return 'dependency_cycle';
    const task = this.get(id);
    const blocker = this.get(edge.blocker);
    if (!task || !blocker) return 'not_found';
    if (BLOCKING.includes(edge.kind)) {
      if (!isWaiting(task)) return 'task_not_waiting';
      if (this.dependsOn(blocker.id, id)) return 'dependency_cycle';
    }
    if (this.edge(id, edge.blocker, edge.kind)) return 'already_exists';
    const added = this.link(id, edge);
    this.note(task, 'task.edge_added', !added.resolved);
    if (!added.resolved) this.readied.add(id);
    if (hasEnded(blocker)) this.settle([blocker], [task]);
    return 'ok';
  }

  removeEdge(id: string, blocker: string, kind: Kind): string {
    const task = this.get(id);
    const edge = this.edge(id, blocker, kind);
    if (!task || !edge) return 'not_found';
    this.edges = this.edges.filter((one) => one !== edge);
    this.note(task, 'task.edge_removed', !edge.resolved);
    if (!edge.resolved) this.readied.add(id);
    return 'ok';
  }

  /** The best that fit: what is assigned to the agent first, then by priority, then by readiness. */
  claim({ agent, limit, types, kind }: ClaimTerms): ModelTask[] {
    const taken: ModelTask[] = [];
    if (this.pauses.has(`agent ${agent.id}`)) return taken;
    const all = [...this.tasks.values()].filter((task) => this.isReady(task) && (!types || types.includes(task.type)));
    const own = all.filter((task) => task.status === 'assigned' && task.assignee === agent.id);
    const free = all.filter(
      (task) => task.status === 'pending' && task.capabilities.every((one) => agent.capabilities.includes(one)),
    );
    for (const task of [...own.sort(byReadiness), ...free.sort(byReadiness)]) {
      if (taken.length === limit || this.held(agent) === agent.capacity) break;
      if (this.room(task.concurrencyKey) > 0) taken.push(this.take(task, agent, kind));
    }
    return taken;
  }

  /** Gives the task to the agent. */
  take(task: ModelTask, agent: ModelAgent, kind: ClaimKind): ModelTask {
    this.become(task, 'in_progress');
    task.assignee = agent.id;
    task.claimKind = kind;
    task.epoch++;
    task.attempt++;
    task.overdue = false;
    this.note(task, 'task.claimed');
    return task;
  }

  heartbeat(id: string, epoch: number): string {
    return verdict(this.tasks.get(id), epoch, 'heartbeat');
  }

  progress(id: string, epoch: number): string {
    return this.write(id, epoch, 'progress', (task) => this.note(task, 'task.progressed'));
  }

  /** A repeat of the completion that won is answered as it was. */
  complete(id: string, epoch: number): string {
    const task = this.get(id);
    if (task?.status === 'completed' && task.epoch === epoch && epoch > 0) return 'ok';
    return this.write(id, epoch, 'complete', (held) => {
      this.endAttempt(held, 'completed');
      this.end(held, 'completed', 'task.completed');
    });
  }

  fail(id: string, epoch: number, retryable: boolean): string {
    return this.write(id, epoch, 'fail', (task) => this.giveUp(task, 'failed', retryable));
  }

  release(id: string, epoch: number): string {
    return this.write(id, epoch, 'release', (task) => this.giveUp(task, 'released', true));
  }

  awaitInput(id: string, epoch: number): string {
    return this.write(id, epoch, 'await', (task) => {
      this.become(task, 'awaiting_input');
      this.note(task, 'task.awaiting_input');
    });
  }

  giveInput(id: string): string {
    const task = this.get(id);
    if (!task) return 'not_found';
    if (task.status !== 'awaiting_input') return 'invalid_transition';
    this.become(task, 'in_progress');
    this.note(task, 'task.input_received');
    return 'ok';
  }

  cancel(id: string, tree: boolean): { code: string; cancelled: number; requested: number } {
    const root = this.get(id);
    if (!root) return { code: 'not_found', cancelled: 0, requested: 0 };
    const over = [...this.tasks.values()].filter((task) => task.status === 'cancelled').length;
    const isOver = root.status === 'completed' || root.status === 'cancelled';
    const ended: ModelTask[] = [];
    let requested = 0;
    for (const task of tree ? this.tree(root) : [root]) {
      if (task.status === 'completed' || task.status === 'cancelled') continue;
      if (task !== root && (task.status === 'failed' || task.status === 'timeout')) continue;
      if (task.status === 'in_progress') {
        if (task.cancelRequested) continue;
        task.cancelRequested = true;
        requested++;
        this.note(task, 'task.cancel_requested');
      } else {
        if (isHeld(task)) this.endAttempt(task, 'cancelled');
        this.become(task, 'cancelled');
        this.note(task, 'task.cancelled');
        ended.push(task);
      }
    }
    this.settle(ended);
    const cancelled = [...this.tasks.values()].filter((task) => task.status === 'cancelled').length - over;
    if (isOver && cancelled + requested === 0) return { code: 'invalid_transition', cancelled, requested };
    return { code: 'ok', cancelled, requested };
  }

  retry(id: string): string {
    const task = this.get(id);
    if (!task) return 'not_found';
    if (task.status !== 'failed' && task.status !== 'timeout') return 'invalid_transition';
    if (task.deadline === 'passed') return 'deadline_passed';
    if (task.dedupeKey !== null && this.duplicate(task.dedupeKey)) return 'duplicate_task';
    this.become(task, 'pending');
    task.attempt = 0;
    task.assignee = null;
    task.cancelRequested = false;
    this.readied.add(id);
    this.note(task, 'task.retried');
    const blockers = this.edges
      .filter((edge) => edge.blocked === id)
      .flatMap((edge) => this.tasks.get(edge.blocker) ?? []);
    this.settle(blockers.filter(hasEnded), [task]);
    return 'ok';
  }

  update(
    id: string,
    version: number,
    patch: Partial<Pick<ModelTask, 'priority' | 'later' | 'capabilities' | 'deadline'>>,
  ): string {
    const task = this.get(id);
    if (!task) return 'not_found';
    if (task.version !== version) return 'stale_version';
    Object.assign(task, patch);
    if (patch.later !== undefined) this.readied.add(id);
    this.note(task, 'task.updated');
    return 'ok';
  }

  delete(id: string): string {
    const task = this.get(id);
    if (!task) return 'not_found';
    if (isHeld(task)) return 'task_in_progress';
    // One that failed or timed out can be tried again, and would then wait for what is gone.
    const waits = (edge: ModelEdge): boolean => {
      const dependant = this.get(edge.blocked);
      return dependant !== undefined && (!hasEnded(dependant) || NEXT[dependant.status].includes('pending'));
    };
    const open = this.edges.filter((edge) => edge.blocker === id && !edge.resolved);
    if (task.status !== 'completed' && open.some(waits)) return 'task_blocks_others';
    task.deleted = true;
    this.note(task, 'task.deleted');
    return 'ok';
  }

  pause(target: string): string {
    if (this.pauses.has(target)) return 'already_exists';
    this.pauses.add(target);
    return 'ok';
  }

  resume(target: string): string {
    return this.pauses.delete(target) ? 'ok' : 'not_found';
  }

  /** The time of the lease or of the attempt is over. */
  runOut(task: ModelTask, outcome: 'expired' | 'timed_out'): void {
    if (task.status !== 'in_progress') return;
    if (task.claimKind === 'agent') this.giveUp(task, outcome, true);
    else this.flagOverdue(task);
  }

  /** The deadline was set to a time that is over. */
  deadlinePassed(task: ModelTask): void {
    if (task.deleted || hasEnded(task)) return;
    if (isHeld(task) && task.claimKind !== 'agent') {
      // Never taken away.
      task.overdue = true;
      return this.note(task, 'task.overdue');
    }
    if (isHeld(task)) this.endAttempt(task, 'timed_out');
    if (task.cancelRequested) return this.end(task, 'cancelled', 'task.cancelled');
    this.end(task, 'timeout', 'task.timed_out');
  }

  /** The attempt ends without a result. */
  giveUp(task: ModelTask, outcome: 'failed' | 'released' | 'expired' | 'timed_out', retryable: boolean): void {
    this.endAttempt(task, outcome);
    const again = outcome === 'released' || (retryable && task.attempt < task.maxAttempts);
    if (outcome === 'released') task.attempt--;
    this.readied.add(task.id);
    if (task.cancelRequested) return this.end(task, 'cancelled', 'task.cancelled');
    if (!again && outcome === 'timed_out') return this.end(task, 'timeout', 'task.timed_out');
    if (!again) return this.end(task, 'failed', 'task.failed');
    this.become(task, 'pending');
    task.assignee = null;
    this.note(task, GAVE_BACK[outcome]);
    // Only a claim that is never taken away gets here with its deadline over; nobody may claim it again.
    if (task.deadline === 'passed') this.deadlinePassed(task);
  }

  /** Resolves the edges that an end satisfies; what is left of them with a policy says whom it ends. */
  resolve(blocker: ModelTask, only?: readonly ModelTask[]): ModelEdge[] {
    const open = this.edges.filter(
      (edge) => edge.blocker === blocker.id && !edge.resolved && (!only || only.some(({ id }) => id === edge.blocked)),
    );
    for (const edge of open.filter((one) => satisfied(one, blocker.status))) {
      edge.resolved = true;
      this.changed.add(edge.blocked);
      this.readied.add(edge.blocked);
    }
    return open.filter((edge) => !edge.resolved && (edge.onFailure === 'fail' || edge.onFailure === 'skip'));
  }

  /** The edge whose policy should have ended a waiting task by now. */
  overlooked(task: ModelTask): ModelEdge | undefined {
    return this.edges.find((edge) => {
      const blocker = this.tasks.get(edge.blocker);
      const doomed = (edge.onFailure === 'fail' || edge.onFailure === 'skip') && blocker && hasEnded(blocker);
      return edge.blocked === task.id && !edge.resolved && doomed && isWaiting(task) && !task.deleted;
    });
  }

  /** The policy of an edge ends the task. */
  doom(task: ModelTask, status: 'failed' | 'cancelled'): void {
    this.become(task, status);
    this.note(task, `task.${status}`);
    if (this.deferred) this.resolve(task);
  }

  /** Moves along the table, or breaks the test. */
  become(task: ModelTask, status: Status): void {
    const allowed = NEXT[task.status].includes(status) || (isWaiting(task) && BY_SYSTEM.includes(status));
    if (!allowed) throw new Error(`${task.name} is ${task.status} and cannot become ${status}`);
    task.status = status;
  }

  insert({ edges: _edges, ...draft }: Draft): ModelTask {
    const { status = 'pending' } = draft;
    const task: ModelTask = {
      ...draft,
      name: `t${this.tasks.size}`,
      status: status === 'pending' && draft.assignee ? 'assigned' : status,
      epoch: 0,
      attempt: 0,
      claimKind: null,
      cancelRequested: false,
      overdue: false,
      deadline: 'none',
      deleted: false,
      readyAt: 0,
      version: 0,
      log: [],
    };
    this.tasks.set(task.id, task);
    this.readied.add(task.id);
    this.note(task, 'task.created');
    return task;
  }

  /** The same blocker and kind stand once; what was said last holds. */
  link(blocked: string, edge: Terms & { blocker: string }): ModelEdge {
    const before = this.edge(blocked, edge.blocker, edge.kind);
    const blocker = this.tasks.get(edge.blocker);
    const { kind, onFailure, outcome } = edge;
    const made = { blocker: edge.blocker, blocked, kind, onFailure, outcome, resolved: false };
    made.resolved = satisfied(made, blocker?.status ?? 'pending');
    this.edges = [...this.edges.filter((one) => one !== before), made];
    return made;
  }

  endAttempt(task: ModelTask, outcome: string): void {
    this.attempts.push({ task: task.id, epoch: task.epoch, agent: task.assignee ?? '', outcome });
  }

  flagOverdue(task: ModelTask): void {
    if (task.overdue) return;
    task.overdue = true;
    task.log.push('task.overdue');
  }

  note(task: ModelTask, event: string, changes = true): void {
    task.log.push(event);
    if (changes) this.changed.add(task.id);
  }

  private end(task: ModelTask, status: EndStatus, event: string): void {
    this.become(task, status);
    this.note(task, event);
    this.settle([task]);
  }

  private write(id: string, epoch: number, write: Write, change: (task: ModelTask) => void): string {
    const task = this.get(id);
    const code = verdict(task, epoch, write);
    if (task && code === 'ok') change(task);
    return code;
  }

  /** What follows from the end of tasks, step by step, until nothing more follows. */
  private settle(ended: readonly ModelTask[], only?: readonly ModelTask[]): void {
    if (this.deferred) return ended.forEach((blocker) => this.resolve(blocker, only));
    for (let step = ended, within = only; step.length > 0; within = undefined) {
      const doomed = new Map<string, ('failed' | 'cancelled')[]>();
      for (const { blocked, onFailure } of step.flatMap((blocker) => this.resolve(blocker, within))) {
        doomed.set(blocked, [...(doomed.get(blocked) ?? []), onFailure === 'fail' ? 'failed' : 'cancelled']);
      }
      step = [...doomed].flatMap(([id, policies]) => {
        const task = this.get(id);
        const status = policies.find((one) => one === this.chosen(id)) ?? policies[0];
        if (!task || !status || !isWaiting(task)) return [];
        this.doom(task, status);
        return [task];
      });
    }
  }

  private isReady(task: ModelTask): boolean {
    const isPaused = this.pauses.has(`type ${task.type}`) || this.pauses.has('workspace');
    return !isPaused && !task.deleted && !task.later && task.deadline !== 'passed' && this.openBlockers(task) === 0;
  }

  private duplicate(key: string): boolean {
    return [...this.tasks.values()].some((task) => task.dedupeKey === key && !task.deleted && !hasEnded(task));
  }

  private known(id: string, drafts: readonly Draft[]): boolean {
    return this.get(id) !== undefined || drafts.some((draft) => draft.id === id);
  }

  private edge(blocked: string, blocker: string, kind: Kind): ModelEdge | undefined {
    return this.edges.find((edge) => edge.blocked === blocked && edge.blocker === blocker && edge.kind === kind);
  }

  private dependsOn(from: string, to: string): boolean {
    const reached = new Set([from]);
    for (const id of reached) {
      for (const edge of this.edges) if (edge.blocked === id && BLOCKING.includes(edge.kind)) reached.add(edge.blocker);
    }
    return reached.has(to);
  }

  private tree(root: ModelTask): ModelTask[] {
    const found = [root];
    for (const { id } of found) {
      found.push(...[...this.tasks.values()].filter((task) => task.parent === id && !task.deleted));
    }
    return found;
  }
}

const GAVE_BACK = {
  failed: 'task.attempt_failed',
  released: 'task.released',
  expired: 'task.lease_expired',
  timed_out: 'task.attempt_timed_out',
};

/** Priority 0 is the most urgent. */
export const byReadiness = (a: ModelTask, b: ModelTask): number =>
  a.priority - b.priority || a.readyAt - b.readyAt || (a.id < b.id ? -1 : 1);
