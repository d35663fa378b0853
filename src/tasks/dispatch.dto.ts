import { ArrayMaxSize, ArrayMinSize, IsIn, IsString, Length, MaxLength } from 'class-validator';
import { IsIds, IsWhole, Omittable, type Page, Whole } from '../shared/http/index.js';
import { OfTypes, OfWorkspaces } from './narrowing.js';
import { PAUSE_SCOPES, type PauseScope } from './pause.js';
import { TaskView } from './task.view.js';

export class PauseTargetDto {
  @IsIn(PAUSE_SCOPES)
  scope: PauseScope;

  /** The id of the workspace or the agent, or the type. */
  @IsString()
  @Length(1, 200)
  subject: string;
}

export class PauseDto extends PauseTargetDto {
  @Omittable()
  @IsString()
  @MaxLength(1_000)
  reason?: string;
}

export class PauseView {
  scope: PauseScope;
  subject: string;
  reason: string | null;
  pausedBy: string;
  pausedAt: Date;
}

export class PausePage implements Page<PauseView> {
  items: PauseView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}

export class ConcurrencyKeyDto {
  @IsString()
  @Length(1, 200)
  key: string;
}

export class ConcurrencyLimitDto extends ConcurrencyKeyDto {
  /** How many tasks of the key may run at once; 0 stops them. */
  @IsWhole(0, 1_000_000)
  limit: number;
}

export class ConcurrencyLimitView {
  key: string;
  @Whole()
  limit: number;
  @Whole()
  running: number;
}

export class RetryTasksDto {
  @Omittable()
  @ArrayMinSize(1)
  @ArrayMaxSize(1_000)
  @IsIds()
  ids?: string[];

  /** Failed and timed-out tasks of these workspaces. */
  @OfWorkspaces()
  workspaceIds?: string[];

  /** Failed and timed-out tasks of these types. */
  @OfTypes()
  types?: string[];
}

export class RefusedRetryView {
  taskId: string;
  code: string;
}

export class RetriedView {
  /** Those that are pending again. */
  items: TaskView[];
  refused: RefusedRetryView[];
  /** Whether more tasks fit: ask again. */
  hasMore: boolean;
}
