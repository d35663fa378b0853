import { Whole, WholeByName } from '../shared/http/index.js';
import type { AgentStatus } from '../agents/index.js';
import { type TaskView } from './task.view.js';

export class TaskCountsView {
  @Whole()
  total: number;
  @WholeByName()
  byStatus: Record<string, number>;
  @WholeByName()
  byPriority: Record<string, number>;
  /** The hundred types with the most tasks. */
  @WholeByName()
  byType: Record<string, number>;
  /** By the id of who is to do it, does it or did it last; the hundred with the most tasks. */
  @WholeByName()
  byAgent: Record<string, number>;
}

/** In seconds; null where nothing was counted. */
export class DurationsView {
  @Whole()
  count: number;
  mean: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export class TaskStatsView extends TaskCountsView {
  /** How many can be claimed now, pauses and limits apart. */
  @Whole()
  ready: number;
  /** How long the oldest of them has been ready; 0 when there is none. */
  oldestReadySeconds: number;
  /** From creation to completion. */
  completion: DurationsView;
  /** From ready to the last claim, of the completed ones. */
  claim: DurationsView;
}

export class WorkloadNumbersView {
  /** Assigned to it, and not begun. */
  @Whole()
  pending: number;
  /** Held by it. */
  @Whole()
  active: number;
  /** Since midnight UTC. */
  @Whole()
  completedToday: number;
  /** From claim to completion; null when it has completed nothing. */
  meanSeconds: number | null;
}

export class WorkloadView extends WorkloadNumbersView {
  agentId: string;
  status: AgentStatus;
  /** How many tasks it holds at once at most; null is no limit. */
  @Whole({ minimum: 1 })
  capacity: number | null;
}

export class DescendantView {
  task: TaskView;
  /** 1 for a child. */
  @Whole({ minimum: 1 })
  depth: number;
}

export class TreeView {
  task: TaskView;
  /** Level by level, in order of creation; each names its parent. A thousand at most. */
  descendants: DescendantView[];
  /** Whether there are more than are shown, apart from those that lie deeper. */
  truncated: boolean;
}
