import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  Length,
  Matches,
  MaxLength,
} from 'class-validator';
import { MAX_CAPABILITIES, MAX_CAPABILITY_LENGTH } from '../agents/index.js';
import type { JsonObject } from '../shared/errors/index.js';
import {
  IsId,
  IsIds,
  IsJsonObject,
  IsLabels,
  IsRfc3339,
  IsWhole,
  Nested,
  NestedList,
  Omittable,
} from '../shared/http/index.js';
import { BACKOFFS, type RetryPolicy } from './retry-policy.js';
import { EDGE_KINDS, type EdgeKind, ON_FAILURE, type OnFailure, PRIORITIES, type Priority } from './task.entity.js';
import { END_STATUSES, type EndStatus } from './task-state.js';

const MAX_TITLE = 500;
const MAX_TEXT = 100_000;
const MAX_TAGS = 64;
const MAX_DEPENDENCIES = 1_000;
const MAX_IDS = 500;
/** `type` is a word that agents select by. */
const TYPE = /^[\p{L}\p{N}][\p{L}\p{N}_.:/-]*$/u;

const MAX_TIMEOUT_SECONDS = 30 * 86_400;
const MAX_BACKOFF_SECONDS = 7 * 86_400;
const MAX_KEY = 200;

export class RetryDto implements RetryPolicy {
  /** How the wait grows with each attempt. */
  @IsIn(BACKOFFS)
  backoff: RetryPolicy['backoff'];

  /** The first wait. Up to a half of a wait is taken off by chance. */
  @IsWhole(0, MAX_BACKOFF_SECONDS)
  initialSeconds: number;

  /** No wait is longer. */
  @IsWhole(0, MAX_BACKOFF_SECONDS)
  maxSeconds: number;
}

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

  /** The task times out when it is not completed by then. */
  @IsOptional()
  @IsRfc3339()
  deadline?: Date | null;

  /** How often it is tried before it has failed; 3 unless given. */
  @Omittable()
  @IsWhole(1, 100)
  maxAttempts?: number;

  /** How long an attempt may take, with heartbeats or without; 3,600 unless given. */
  @Omittable()
  @IsWhole(1, MAX_TIMEOUT_SECONDS)
  timeoutSeconds?: number;

  /** How long it waits between attempts; exponential from 1 s to 300 s unless given. */
  @IsOptional()
  @Nested(() => RetryDto)
  retry?: RetryDto | null;

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

/** How a task depends on another. */
class DependencyFields {
  /**
   * `blocks`, unless given: not to be claimed before the other is completed. `waits_for`: before it has ended.
   * `conditional`: before it ended as `outcome` says. The others are links.
   */
  @Omittable()
  @IsIn(EDGE_KINDS)
  kind?: EdgeKind;

  /** What becomes of this task when the other ends otherwise; `hold` unless given. */
  @Omittable()
  @IsIn(ON_FAILURE)
  onFailure?: OnFailure;

  /** How the other must end: for `conditional`, and only for it. */
  @Omittable()
  @IsIn(END_STATUSES)
  outcome?: EndStatus;
}

export class DependencyDto extends DependencyFields {
  /** The task that this one depends on. */
  @IsId()
  taskId: string;
}

export class EdgeKindQuery {
  /** Which of the edges to that task; blocks unless given. */
  @Omittable()
  @IsIn(EDGE_KINDS)
  kind?: EdgeKind;
}

export class BatchDependencyDto extends DependencyFields {
  /** A task that exists. Either this or `ref`. */
  @Omittable()
  @IsId()
  taskId?: string;

  /** A task of the same batch. */
  @Omittable()
  @IsString()
  @Length(1, 500)
  ref?: string;
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

  /** While the task is open, no other task of the tenant can have this key. */
  @IsOptional()
  @IsString()
  @Length(1, MAX_KEY)
  dedupeKey?: string | null;

  /** Of the tasks that share this key only as many run at once as its limit allows; one unless set. */
  @IsOptional()
  @IsString()
  @Length(1, MAX_KEY)
  concurrencyKey?: string | null;

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
