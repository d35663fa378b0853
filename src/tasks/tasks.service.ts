import { Injectable } from '@nestjs/common';
import { newId } from '../shared/ids/index.js';
import { AgentsService, normaliseCapabilities } from '../agents/index.js';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { assertStorable, InvalidInput, type JsonObject, NotFound } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import type { Page } from '../shared/http/index.js';
import { logContext } from '../shared/logging/index.js';
import { WorkspacesService } from '../workspaces/index.js';
import { BulkLoadRepository } from './bulk-load.repository.js';
import { ordered } from './dependency-order.js';
import type { ImportedTask, NewTask } from './new-task.js';
import type { TaskFilter, TaskList } from './task-list.js';
import { dependency, type DependencyTerms } from './dependency.js';
import { named, placed, type Reference, referencesAt, referencesOf } from './references.js';
import { type RetryPolicy, retryPolicy } from './retry-policy.js';
import type { Attempt, Dependency, Priority, Task } from './task.entity.js';
import { isHeld } from './task-state.js';
import { taskCreated, taskDeleted, tasksBlocked, taskUpdated } from './tasks.events.js';
import { DependencyCycle, DuplicateTask, RefusedField, TaskBlocksOthers, TaskInProgress } from './tasks.errors.js';
import { type TaskPatch, TasksRepository } from './tasks.repository.js';

export const DEFAULT_MAX_ATTEMPTS = 3;
export const DEFAULT_TIMEOUT_SECONDS = 3_600;
/** Tasks of one batch at most. */
export const MAX_BATCH = 50_000;

/** A task to be made; what is left out gets its default. */
export interface CreateTask {
  /** A UUID of the caller's making; one is made unless given. */
  id?: string;
  type: string;
  title: string;
  /** The tenant's default workspace unless given. */
  workspaceId?: string;
  description?: string | null;
  parameters?: JsonObject;
  priority?: Priority;
  requiredCapabilities?: string[];
  tags?: string[];
  labels?: Record<string, string>;
  parentTaskId?: string | null;
  dependsOn?: (DependencyTerms & { taskId: string })[];
  runAt?: Date | null;
  deadline?: Date | null;
  maxAttempts?: number;
  /** How long an attempt may take; an hour unless given. */
  timeoutSeconds?: number;
  retry?: RetryPolicy | null;
  dedupeKey?: string | null;
  concurrencyKey?: string | null;
  externalRef?: string | null;
  assignedTo?: string | null;
}

/** A task of a batch. `ref` is a name within the batch, by which others depend on it. */
export interface BatchTask extends Omit<CreateTask, 'dependsOn'> {
  ref?: string;
  parentRef?: string;
  dependsOn?: (DependencyTerms & { taskId?: string; ref?: string })[];
  status?: ImportedTask['status'];
  createdAt?: Date | null;
  completedAt?: Date | null;
}

export interface BatchItem {
  id: string;
  ref?: string;
}

/** Tasks as those see them who make, read and change them. */
@Injectable()
export class TasksService {
  constructor(
    private readonly tasks: TasksRepository,
    private readonly bulk: BulkLoadRepository,
    private readonly workspaces: WorkspacesService,
    private readonly agents: AgentsService,
    private readonly events: EventLog,
  ) {}

  /** @throws RefusedField for a workspace, parent, dependency or agent that does not exist or takes no task; AlreadyExists for an id */
  async create(caller: Caller, input: CreateTask): Promise<Task> {
    const id = input.id ?? newId();
    // Made here, so that whatever fails is logged with it.
    return logContext.run({ ...logContext.keys(), taskId: id }, () => this.createAs(id, caller, input));
  }

  private async createAs(id: string, caller: Caller, input: CreateTask): Promise<Task> {
    const workspaceId = await named(this.workspaceOf(caller, input.workspaceId), 'workspaceId');
    if (input.assignedTo) await named(this.agents.get(caller, input.assignedTo), 'assignedTo');
    const dependsOn = (input.dependsOn ?? []).map((one, index) => dependency(one.taskId, one, `dependsOn[${index}]`));
    if (dependsOn.some(({ taskId }) => taskId === id)) throw new DependencyCycle([id, id]);
    const task = complete(caller, input, id, workspaceId, dependsOn);
    return this.tasks.create(caller.tenantId, task).catch((error: unknown) => {
      throw placed(error, referencesOf(task, ''));
    });
  }

  /**
   * Makes all of them or none. Refusals name the index of the first bad one.
   * @returns ids in the order given
   * @throws InvalidInput, DependencyCycle with the refs, RefusedField, AlreadyExists for an id
   */
  @Transactional({ retries: 3 })
  async createBatch(caller: Caller, inputs: readonly BatchTask[]): Promise<BatchItem[]> {
    if (inputs.length > MAX_BATCH) {
      throw InvalidInput.of('tasks', 'maxItems', `tasks must be at most ${MAX_BATCH}`);
    }
    const ids = inputs.map((input) => input.id ?? newId());
    const byRef = refsOf(inputs, ids);
    const workspaceIds = await this.workspacesOf(caller, inputs);
    await this.assertAgents(caller, inputs);
    const tasks = inputs.map((input, index): ImportedTask => {
      const at = `tasks[${index}]`;
      const dependsOn = (input.dependsOn ?? []).map((one, i) => dependencyOf(one, byRef, `${at}.dependsOn[${i}]`));
      const parentTaskId = input.parentRef ? resolve(byRef, input.parentRef, `${at}.parentRef`) : input.parentTaskId;
      const workspaceId = workspaceIds.get(input.workspaceId) ?? '';
      const task = complete(caller, { ...input, parentTaskId }, ids[index] ?? '', workspaceId, dependsOn, at);
      return {
        ...task,
        status: input.status ?? 'pending',
        createdAt: input.createdAt ?? null,
        completedAt: input.completedAt ?? null,
      };
    });
    const refs = new Map(inputs.map(({ ref }, index) => [ids[index], ref]));
    const sorted = ordered(tasks, (id) => refs.get(id) ?? id);
    const ended = await this.load(caller, tasks, sorted);
    this.events.append(caller.tenantId, ...tasks.map((task) => taskCreated(caller, task)));
    this.events.append(caller.tenantId, ...tasksBlocked(caller, ended));
    return inputs.map(({ ref }, index) => ({ id: ids[index] ?? '', ...(ref !== undefined && { ref }) }));
  }

  get(caller: Caller, id: string): Promise<Task> {
    return this.tasks.get(caller.tenantId, id);
  }

  /** In the order asked, and the ids that name nothing. */
  async getBatch(caller: Caller, ids: readonly string[]): Promise<{ items: Task[]; missing: string[] }> {
    const items = await this.tasks.findMany(caller.tenantId, ids);
    const found = new Set(items.map((task) => task.id));
    return { items, missing: ids.filter((id) => !found.has(id)) };
  }

  async list(caller: Caller, list: TaskList, options: { withTotal?: boolean } = {}): Promise<Page<Task>> {
    const page = await this.tasks.list(caller.tenantId, list);
    return options.withTotal ? { ...page, totalCount: await this.count(caller, list) } : page;
  }

  count(caller: Caller, filter: TaskFilter): Promise<number> {
    return this.tasks.count(caller.tenantId, filter);
  }

  /** @throws NotFound, OptimisticLock with the current version, InvalidInput for a patch that names nothing */
  @Transactional()
  async update(caller: Caller, id: string, version: number, patch: TaskPatch): Promise<Task> {
    const fields = Object.entries(patch).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    assertStorable({ ...patch, runAt: null, deadline: null, retry: null });
    if (patch.retry) retryPolicy(patch.retry, '');
    const { requiredCapabilities, ...rest } = patch;
    const capabilities = requiredCapabilities && { requiredCapabilities: normaliseCapabilities(requiredCapabilities) };
    const task = await this.tasks.updateWithVersion(caller.tenantId, id, version, { ...rest, ...capabilities });
    this.events.append(caller.tenantId, taskUpdated(caller, task, fields));
    return task;
  }

  /**
   * Hides the task for good.
   * @throws TaskInProgress, TaskBlocksOthers when others wait for it, or would when tried again, and it has not been completed
   */
  @Transactional()
  async delete(caller: Caller, id: string): Promise<void> {
    const task = await this.tasks.getForUpdate(caller.tenantId, id);
    if (isHeld(task.status)) throw new TaskInProgress(task);
    if (task.status !== 'completed') {
      const dependants = await this.tasks.waitingFor(caller.tenantId, id, 20);
      if (dependants.length > 0) throw new TaskBlocksOthers(task, dependants);
    }
    await this.tasks.softDelete(caller.tenantId, id);
    this.events.append(caller.tenantId, taskDeleted(caller, task));
  }

  /** Its attempts, oldest first; the running one last. */
  async attempts(caller: Caller, id: string): Promise<Attempt[]> {
    const task = await this.tasks.get(caller.tenantId, id);
    const ended = await this.tasks.endedAttempts(caller.tenantId, id);
    if (!isHeld(task.status) || !task.assignedTo || !task.claimKind || !task.claimedAt) return ended;
    const { assignedTo: agentId, claimKind, claimedAt, epoch } = task;
    // It may have ended between the two reads.
    if (ended.some((attempt) => attempt.epoch === epoch)) return ended;
    return [...ended, { epoch, agentId, claimKind, claimedAt, endedAt: null, outcome: null, error: null }];
  }

  /** Makes them, and names the field that refuses. */
  private async load(caller: Caller, tasks: readonly ImportedTask[], sorted: ImportedTask[]): Promise<Task[]> {
    try {
      return await this.bulk.load(caller.tenantId, sorted);
    } catch (error) {
      if (error instanceof NotFound) {
        // The load met them in another order; the first one is named.
        const [first] = await this.unknownTo(caller, tasks);
        throw first ? new RefusedField(first.field, 'exists', new NotFound('task', first.id)) : error;
      }
      if (!(error instanceof DuplicateTask)) throw placed(error, tasks.flatMap(referencesAt));
      const index = tasks.findLastIndex((task) => task.dedupeKey === error.dedupeKey);
      throw new RefusedField(`tasks[${index}].dedupeKey`, 'unique', error);
    }
  }

  /** What these tasks name that neither exists nor is one of them. */
  private async unknownTo(caller: Caller, tasks: readonly ImportedTask[]): Promise<Reference[]> {
    const own = new Set(tasks.map(({ id }) => id));
    const others = tasks.flatMap(referencesAt).filter(({ id }) => !own.has(id));
    const known = await this.tasks.findManyCurrent(caller.tenantId, [...new Set(others.map(({ id }) => id))]);
    return others.filter(({ id }) => !known.has(id));
  }

  private async workspaceOf(caller: Caller, id: string | undefined): Promise<string> {
    return (await this.workspaces.getForNewWork(caller.tenantId, id)).id;
  }

  private async workspacesOf(caller: Caller, inputs: readonly BatchTask[]): Promise<Map<string | undefined, string>> {
    const found = new Map<string | undefined, string>();
    for (const [index, { workspaceId }] of inputs.entries()) {
      if (found.has(workspaceId)) continue;
      const workspace = this.workspaceOf(caller, workspaceId);
      found.set(workspaceId, await named(workspace, `tasks[${index}].workspaceId`));
    }
    return found;
  }

  private async assertAgents(caller: Caller, inputs: readonly BatchTask[]): Promise<void> {
    const seen = new Set<string>();
    for (const [index, { assignedTo }] of inputs.entries()) {
      if (!assignedTo || seen.has(assignedTo)) continue;
      await named(this.agents.get(caller, assignedTo), `tasks[${index}].assignedTo`);
      seen.add(assignedTo);
    }
  }
}

function complete(
  caller: Caller,
  input: CreateTask | BatchTask,
  id: string,
  workspaceId: string,
  dependsOn: Dependency[],
  at = '',
): NewTask {
  const { type, title, description, tags, labels, requiredCapabilities, externalRef, parameters = {} } = input;
  const { dedupeKey, concurrencyKey } = input;
  const texts = {
    type,
    title,
    description,
    tags,
    labels,
    requiredCapabilities,
    externalRef,
    dedupeKey,
    concurrencyKey,
  };
  assertStorable({ ...texts, parameters }, at);
  return {
    id,
    workspaceId,
    type: input.type,
    title: input.title,
    description: input.description ?? null,
    parameters,
    priority: input.priority ?? 'normal',
    tags: [...new Set(input.tags ?? [])],
    labels: input.labels ?? {},
    requiredCapabilities: normaliseCapabilities(input.requiredCapabilities ?? []),
    parentTaskId: input.parentTaskId ?? null,
    assignedTo: input.assignedTo ?? null,
    createdBy: caller.actorId,
    externalRef: input.externalRef ?? null,
    runAt: input.runAt ?? null,
    deadline: input.deadline ?? null,
    maxAttempts: input.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
    timeoutSeconds: input.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
    retry: input.retry ? retryPolicy(input.retry, at) : null,
    dedupeKey: input.dedupeKey ?? null,
    concurrencyKey: input.concurrencyKey ?? null,
    dependsOn,
  };
}

function refsOf(inputs: readonly BatchTask[], ids: readonly string[]): Map<string, string> {
  const byRef = new Map<string, string>();
  inputs.forEach(({ ref }, index) => {
    if (ref === undefined) return;
    if (byRef.has(ref)) {
      throw InvalidInput.of(`tasks[${index}].ref`, 'unique', `tasks[${index}].ref ${ref} stands twice in the batch`);
    }
    byRef.set(ref, ids[index] ?? '');
  });
  return byRef;
}

function resolve(byRef: ReadonlyMap<string, string>, ref: string, at: string): string {
  const id = byRef.get(ref);
  if (id === undefined) throw InvalidInput.of(at, 'knownRef', `${at} names ${ref}, which no task of the batch has`);
  return id;
}

function dependencyOf(
  { taskId, ref, ...terms }: DependencyTerms & { taskId?: string; ref?: string },
  byRef: ReadonlyMap<string, string>,
  at: string,
): Dependency {
  if ((taskId === undefined) === (ref === undefined)) {
    throw InvalidInput.of(at, 'oneOf', `${at} must have either taskId or ref`);
  }
  return dependency(taskId ?? resolve(byRef, ref ?? '', at), terms, at);
}
