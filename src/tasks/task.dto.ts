import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { MAX_CAPABILITIES, MAX_CAPABILITY_LENGTH } from '../agents/index.js';
import type { JsonObject, JsonValue } from '../shared/errors/index.js';
import {
  IsId,
  IsIds,
  IsJsonObject,
  IsLabels,
  IsRfc3339,
  NestedList,
  Omittable,
  type Page,
  PageQuery,
  QueryBoolean,
  QueryInt,
  QueryList,
} from '../shared/http/index.js';
import { type ClaimKind, EDGE_KINDS, type EdgeKind, PRIORITIES, type Priority, type Task } from './task.entity.js';
import { TASK_SORTING } from './task-list.js';
import { TASK_STATUSES, type TaskStatus } from './task-state.js';

const MAX_TITLE = 500;
const MAX_TEXT = 100_000;
const MAX_TAGS = 64;
const MAX_DEPENDENCIES = 1_000;
const MAX_IDS = 500;
/** `type` is a word that agents select by. */
const TYPE = /^[\p{L}\p{N}][\p{L}\p{N}_.:/-]*$/u;

/** What a new task may bring and a PATCH may change. */
class TaskFields {
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT)
  description?: string | null;

  /** What the agent needs to know, any JSON object. */
  @Omittable()
  @IsJsonObject()
  parameters?: JsonObject;

  /** Claims take the most urgent first; normal unless given. */
  @Omittable()
  @IsIn(PRIORITIES)
  priority?: Priority;

  /** Only an agent that has all of these can claim the task. */
  @Omittable()
  @IsArray()
  @ArrayMaxSize(MAX_CAPABILITIES)
  @IsString({ each: true })
  @MaxLength(MAX_CAPABILITY_LENGTH, { each: true })
  @Matches(/\S/, { each: true, message: 'each of $property must hold more than white space' })
  requiredCapabilities?: string[];

  @Omittable()
  @IsArray()
  @ArrayMaxSize(MAX_TAGS)
  @IsString({ each: true })
  @Length(1, 100, { each: true })
  tags?: string[];

  /** Strings by name, for your own use. */
  @Omittable()
  @IsLabels()
  labels?: Record<string, string>;

  /** Not to be claimed before this time. */
  @IsOptional()
  @IsRfc3339()
  runAt?: Date | null;

  @IsOptional()
  @IsRfc3339()
  deadline?: Date | null;

  /** How often it is tried before it has failed; 3 unless given. */
  @Omittable()
  @IsInt()
  @Min(1)
  @Max(100)
  maxAttempts?: number;

  /** The id it has in the system it came from. */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  externalRef?: string | null;
}

export class UpdateTaskDto extends TaskFields {
  @Omittable()
  @IsString()
  @Length(1, MAX_TITLE)
  title?: string;
}

export class DependencyDto {
  /** The task that this one depends on. */
  @IsId()
  taskId: string;

  /** `blocks`, unless given: not to be claimed before the other is completed. The others are links. */
  @Omittable()
  @IsIn(EDGE_KINDS)
  kind?: EdgeKind;
}

export class BatchDependencyDto {
  /** A task that exists. Either this or `ref`. */
  @Omittable()
  @IsId()
  taskId?: string;

  /** A task of the same batch. */
  @Omittable()
  @IsString()
  @Length(1, 500)
  ref?: string;

  @Omittable()
  @IsIn(EDGE_KINDS)
  kind?: EdgeKind;
}

class NewTaskDto extends TaskFields {
  /** What kind of work it is; agents can claim by it. */
  @IsString()
  @Length(1, 200)
  @Matches(TYPE, { message: '$property must be letters, digits and _ . : / - and begin with a letter or digit' })
  type: string;

  @IsString()
  @Length(1, MAX_TITLE)
  title: string;

  /** The tenant's default workspace unless given. */
  @Omittable()
  @IsId()
  workspaceId?: string;

  @IsOptional()
  @IsId()
  parentTaskId?: string | null;

  /** The agent that is to do it: nobody else can claim it until that agent gave it back or lost it. */
  @IsOptional()
  @IsId()
  assignedTo?: string | null;
}

export class CreateTaskDto extends NewTaskDto {
  @Omittable()
  @ArrayMaxSize(MAX_DEPENDENCIES)
  @NestedList(() => DependencyDto)
  dependsOn?: DependencyDto[];
}

export class BatchTaskDto extends NewTaskDto {
  /** A name within the batch, by which its other tasks can depend on this one. */
  @Omittable()
  @IsString()
  @Length(1, 500)
  ref?: string;

  /** The parent, as a task of the same batch. */
  @Omittable()
  @IsString()
  @Length(1, 500)
  parentRef?: string;

  @Omittable()
  @ArrayMaxSize(MAX_DEPENDENCIES)
  @NestedList(() => BatchDependencyDto)
  dependsOn?: BatchDependencyDto[];
}

export class ImportedTaskDto extends BatchTaskDto {
  /** Where it stood where it came from; pending unless given. */
  @Omittable()
  @IsIn(['pending', 'completed', 'cancelled'])
  status?: 'pending' | 'completed' | 'cancelled';

  @Omittable()
  @IsRfc3339()
  createdAt?: Date;

  /** When it ended, for one that has. */
  @Omittable()
  @IsRfc3339()
  completedAt?: Date;
}

export class CreateTasksDto {
  /** All are made, or none. */
  @ArrayMaxSize(50_000)
  @NestedList(() => BatchTaskDto)
  tasks: BatchTaskDto[];
}

export class ImportTasksDto {
  @ArrayMaxSize(50_000)
  @NestedList(() => ImportedTaskDto)
  tasks: ImportedTaskDto[];
}

export class GetTasksDto {
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_IDS)
  @IsIds()
  ids: string[];
}

export class ListTasksDto extends PageQuery {
  /** Any of these. */
  @QueryList({ of: TASK_STATUSES })
  status?: TaskStatus[];

  /** Any of these. */
  @QueryList({ of: PRIORITIES })
  priority?: Priority[];

  /** Any of these. */
  @QueryList()
  type?: string[];

  /** Any of these workspaces. */
  @QueryList()
  @Omittable()
  @IsUUID(undefined, { each: true })
  workspaceId?: string[];

  /** Any of these agents. */
  @QueryList()
  @Omittable()
  @IsUUID(undefined, { each: true })
  assignedTo?: string[];

  /** Any of these. */
  @QueryList()
  createdBy?: string[];

  /** Any of these. */
  @QueryList()
  externalRef?: string[];

  @Omittable()
  @IsId()
  parentTaskId?: string;

  @QueryBoolean()
  hasSubtasks?: boolean;

  /** Tasks that have all of these. */
  @QueryList()
  tags?: string[];

  /** Tasks that ask for all of these. */
  @QueryList()
  requiredCapabilities?: string[];

  /** Strictly after. */
  @Omittable()
  @IsRfc3339()
  createdAfter?: Date;

  @Omittable()
  @IsRfc3339()
  createdBefore?: Date;

  @Omittable()
  @IsRfc3339()
  updatedAfter?: Date;

  @Omittable()
  @IsRfc3339()
  updatedBefore?: Date;

  /** By which field, `-` in front for descending. */
  @Omittable()
  @IsIn(TASK_SORTING.names)
  sort?: string;

  /** How many to pass over; `after` is faster. */
  @QueryInt(0, 1_000_000)
  offset?: number;

  /** Also counts all that match, which takes longer. */
  @QueryBoolean()
  withTotal?: boolean;
}

/** A task as callers see it. */
export class TaskView {
  id: string;
  workspaceId: string;
  type: string;
  title: string;
  description: string | null;
  parameters: JsonObject;
  status: TaskStatus;
  priority: Priority;
  tags: string[];
  labels: Record<string, string>;
  requiredCapabilities: string[];
  parentTaskId: string | null;
  /** Who is to do it, does it, or did it last. */
  assignedTo: string | null;
  createdBy: string;
  externalRef: string | null;
  runAt: Date | null;
  deadline: Date | null;
  /** How many tasks that block it are not completed. */
  openBlockers: number;
  readyAt: Date;
  maxAttempts: number;
  /** The number of the present attempt, or of the last one. */
  attempt: number;
  /** Rises with every claim. */
  epoch: number;
  claimKind: ClaimKind | null;
  claimedAt: Date | null;
  leaseExpiresAt: Date | null;
  startedAt: Date | null;
  /** When it ended, completed or not. */
  completedAt: Date | null;
  /** Per cent. */
  progress: number;
  progressMessage: string | null;
  partialResult: JsonValue;
  result: JsonValue;
  error: JsonObject | null;
  createdAt: Date;
  updatedAt: Date;
  /** Rises with every change except heartbeats; the ETag. */
  version: number;

  static of({
    tenantId: _tenant,
    deletedAt: _deleted,
    delegatedFrom: _from,
    leaseSeconds: _lease,
    ...view
  }: Task): TaskView {
    return view;
  }
}

export class TaskPage implements Page<TaskView> {
  items: TaskView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
  /** When asked for by `withTotal`. */
  totalCount?: number;
}

export class TasksByIdView {
  /** In the order asked. */
  items: TaskView[];
  /** Ids that name no task. */
  missing: string[];
}

export class BatchItemView {
  id: string;
  ref?: string;
}

export class BatchView {
  /** In the order given. */
  items: BatchItemView[];
}

export class AttemptView {
  epoch: number;
  agentId: string;
  claimKind: ClaimKind;
  claimedAt: Date;
  /** Null while it runs. */
  endedAt: Date | null;
  outcome: 'completed' | 'failed' | 'released' | 'expired' | null;
  error: JsonObject | null;
}

export class AttemptsView {
  items: AttemptView[];
}

export class EdgeView {
  blockerId: string;
  blockedId: string;
  kind: EdgeKind;
}

export class EdgesView {
  items: EdgeView[];
}
