import { edgesOf } from '../verify/edges.js';
import type { HistoryEvent, LeaseOf } from '../verify/history-line.js';
import { OPEN_ENDS } from '../verify/task-state.js';

export interface DrainFigures {
  completed: number;
  /** From the first claim to the last completion. */
  seconds: number;
  perSecond: number;
  /** From the moment a task could be claimed to its claim: that moment is the latest of its creation, the end of its last blocker or attempt, and the fleet's first claim. */
  readyToClaimedMs: { p50: number; p95: number };
  /** Attempts whose lease ended before the agent was heard of again. */
  lostLeases: number;
  failedAttempts: number;
  /** Tasks that are failed for good. */
  failed: number;
  /** Edges of the longest chain of tasks that the fleet completed, each blocked by the one before. */
  longestChain: number;
}

/** What a fleet did, read from the log: give it every event in order. Claims of others do not count. */
export class DrainStatistics {
  private readonly agents: ReadonlySet<string>;
  private readonly firstClaims: ReadonlySet<string>;
  private readonly readyAt = new Map<string, number>();
  private readonly dependants = new Map<string, string[]>();
  private readonly blockers = new Map<string, string[]>();
  private readonly chains = new Map<string, number>();
  private readonly waits: number[] = [];
  private began?: number;
  private ended = 0;
  private counts = { completed: 0, lostLeases: 0, failedAttempts: 0, failed: 0 };

  /** @param firstLeases what each agent was given first: agents keep their names from run to run, and this one began there */
  constructor(agentIds: Iterable<string>, firstLeases: readonly LeaseOf[]) {
    this.agents = new Set(agentIds);
    this.firstClaims = new Set(firstLeases.map(nameOf));
  }

  see(event: HistoryEvent): void {
    const taskId = event.subject.split('/')[1] ?? '';
    const time = Date.parse(event.time);
    if (event.type === 'task.created') this.created(taskId, time, event);
    else if (event.type === 'task.claimed') this.claimed(taskId, time, event);
    else if (event.type === 'task.completed') this.completed(taskId, time, event);
    else if (ENDS.has(event.type)) this.gaveBack(taskId, time, event);
  }

  figures(): DrainFigures {
    const sorted = this.waits.toSorted((one, other) => one - other);
    const seconds = this.began === undefined ? 0 : Math.max(0, this.ended - this.began) / 1_000;
    return {
      ...this.counts,
      seconds,
      perSecond: seconds > 0 ? Math.round((this.counts.completed / seconds) * 10) / 10 : 0,
      readyToClaimedMs: { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) },
      longestChain: Math.max(0, ...this.chains.values()),
    };
  }

  private created(taskId: string, time: number, { data }: HistoryEvent): void {
    this.readyAt.set(taskId, time);
    const blockers = edgesOf(data).map(({ blocker }) => blocker);
    this.blockers.set(taskId, blockers);
    for (const blocker of blockers) {
      const others = this.dependants.get(blocker);
      if (others) others.push(taskId);
      else this.dependants.set(blocker, [taskId]);
    }
  }

  private claimed(taskId: string, time: number, event: HistoryEvent): void {
    if (this.began === undefined && this.firstClaims.has(nameOf({ taskId, epoch: Number(event.data?.epoch) }))) {
      this.began = time;
    }
    if (this.began === undefined || !this.isOurs(event)) return;
    this.waits.push(time - Math.max(this.readyAt.get(taskId) ?? this.began, this.began));
  }

  private completed(taskId: string, time: number, event: HistoryEvent): void {
    for (const dependant of this.dependants.get(taskId) ?? []) this.readyAt.set(dependant, time);
    if (this.began === undefined || !this.isOurs(event)) return;
    this.counts.completed += 1;
    this.ended = time;
    const before = (this.blockers.get(taskId) ?? []).map((blocker) => (this.chains.get(blocker) ?? -1) + 1);
    this.chains.set(taskId, Math.max(0, ...before));
  }

  private gaveBack(taskId: string, time: number, event: HistoryEvent): void {
    this.readyAt.set(taskId, time);
    if (this.began === undefined || !this.isOurs(event)) return;
    if (event.data?.outcome === 'expired') this.counts.lostLeases += 1;
    if (event.data?.outcome === 'failed') this.counts.failedAttempts += 1;
    if (event.type === 'task.failed') this.counts.failed += 1;
  }

  private isOurs({ data }: HistoryEvent): boolean {
    return this.agents.has(String(data?.agentId));
  }
}

const ENDS = new Set([...OPEN_ENDS, 'task.failed']);

const nameOf = ({ taskId, epoch }: LeaseOf): string => `${taskId} ${epoch}`;

/** Nearest rank, of ascending values. */
const quantile = (sorted: readonly number[], q: number): number => sorted[Math.ceil(sorted.length * q) - 1] ?? 0;
