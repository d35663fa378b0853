import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { AlreadyExists, InvalidInput, NotFound } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import { dependency, type DependencyTerms } from './dependency.js';
import { EdgesRepository, type Step } from './edges.repository.js';
import { blocks, type Edge, EDGE_KINDS, type EdgeKind, isBlocking, type StoredEdge, type Task } from './task.entity.js';
import { hasEnded, isWaiting } from './task-state.js';
import { DependencyCycle, RefusedField, TaskNotWaiting } from './tasks.errors.js';
import { taskEdgeAdded, taskEdgeRemoved, tasksBlocked } from './tasks.events.js';
import { TasksRepository } from './tasks.repository.js';

const BLOCKING = EDGE_KINDS.filter(isBlocking);

/** Edges between tasks that exist. */
@Injectable()
export class EdgesService {
  constructor(
    private readonly edges: EdgesRepository,
    private readonly tasks: TasksRepository,
    private readonly events: EventLog,
  ) {}

  /** Edges from and to the task. @throws NotFound */
  async list(caller: Caller, taskId: string): Promise<StoredEdge[]> {
    await this.tasks.get(caller.tenantId, taskId);
    return this.edges.list(caller.tenantId, taskId);
  }

  /**
   * Makes the task depend on another one. When that one has ended, the edge is resolved or its policy applies at once.
   * @throws NotFound, RefusedField, AlreadyExists, TaskNotWaiting when somebody has begun it, DependencyCycle with the ids of the path
   */
  @Transactional({ retries: 5 })
  async add(caller: Caller, taskId: string, on: DependencyTerms & { taskId: string }): Promise<StoredEdge> {
    const { tenantId } = caller;
    const { taskId: blockerId, ...terms } = dependency(on.taskId, on, '');
    const edge: Edge = { blockerId, blockedId: taskId, ...terms };
    assertNoParent(edge.kind);
    if (blockerId === taskId) throw new DependencyCycle([taskId, taskId]);
    if (isBlocking(edge.kind)) await this.edges.lockGraph(tenantId);
    const { blocked, blocker } = await this.lock(tenantId, edge);
    if (isBlocking(edge.kind)) {
      if (!isWaiting(blocked.status)) throw new TaskNotWaiting(blocked);
      await this.assertNoCircle(tenantId, edge);
    }

    const open = blocks(edge, blocker.status);
    const stored = await this.edges.insert(tenantId, edge, !open);
    if (!stored) throw new AlreadyExists('edge', `${blockerId}, ${edge.kind}`);
    this.events.append(tenantId, taskEdgeAdded(caller, blocked, edge));
    if (open) {
      await this.tasks.changeBlockers(tenantId, taskId, 1);
      if (hasEnded(blocker.status)) await this.settle(caller, blocker, taskId);
    }
    return stored;
  }

  /** The task depends on the other one no longer. @throws NotFound */
  @Transactional({ retries: 5 })
  async remove(caller: Caller, taskId: string, blockerId: string, kind: EdgeKind): Promise<void> {
    assertNoParent(kind);
    // The edge before the task, in the order in which the end of a blocker locks them.
    const edge = await this.edges.remove(caller.tenantId, { blockerId, blockedId: taskId, kind });
    if (!edge) throw new NotFound('edge', `${taskId} → ${blockerId}, ${kind}`);
    const task =
      edge.resolvedAt === null
        ? await this.tasks.changeBlockers(caller.tenantId, taskId, -1)
        : await this.tasks.getForUpdate(caller.tenantId, taskId);
    this.events.append(caller.tenantId, taskEdgeRemoved(caller, task, edge));
  }

  private async lock(tenantId: string, { blockedId, blockerId }: Edge): Promise<{ blocked: Task; blocker: Task }> {
    const tasks = await this.tasks.lockMany(tenantId, [blockedId, blockerId]);
    const blocked = tasks.get(blockedId);
    const blocker = tasks.get(blockerId);
    if (!blocked) throw new NotFound('task', blockedId);
    if (!blocker) throw new RefusedField('taskId', 'exists', new NotFound('task', blockerId));
    return { blocked, blocker };
  }

  /** Nobody else adds edges meanwhile: the graph is locked. */
  private async assertNoCircle(tenantId: string, { blockedId, blockerId }: Edge): Promise<void> {
    const edges = await this.edges.dependenciesOf(tenantId, blockerId, BLOCKING);
    const path = pathTo(edges, blockerId, blockedId);
    if (path) throw new DependencyCycle([blockedId, ...path]);
  }

  private async settle(caller: Caller, blocker: Task, taskId: string): Promise<void> {
    const ended = await this.tasks.settle(caller.tenantId, new Map([[blocker.id, blocker.status]]), [taskId]);
    this.events.append(caller.tenantId, ...tasksBlocked(caller, ended));
  }
}

function assertNoParent(kind: EdgeKind): void {
  if (kind !== 'parent_child') return;
  throw InvalidInput.of(
    'kind',
    'isIn',
    'kind must not be parent_child: a parent is given when a task is made, for good',
  );
}

/** The ids along the dependencies from one task to another; undefined when there is no way. */
function pathTo(edges: readonly Step[], from: string, to: string): string[] | undefined {
  const blockersOf = new Map<string, string[]>();
  for (const { blockedId, blockerId } of edges) {
    const blockers = blockersOf.get(blockedId);
    if (blockers) blockers.push(blockerId);
    else blockersOf.set(blockedId, [blockerId]);
  }
  const cameFrom = new Map<string, string | undefined>([[from, undefined]]);
  const reached = [from];
  // Grows while it is walked.
  for (const id of reached) {
    if (id === to) return [...trace(cameFrom, to)].reverse();
    for (const blocker of blockersOf.get(id) ?? []) {
      if (cameFrom.has(blocker)) continue;
      cameFrom.set(blocker, id);
      reached.push(blocker);
    }
  }
  return undefined;
}

function* trace(cameFrom: ReadonlyMap<string, string | undefined>, to: string): Generator<string> {
  for (let id: string | undefined = to; id !== undefined; id = cameFrom.get(id)) yield id;
}
