import { IsIn, IsUUID } from 'class-validator';
import { IsId, IsRfc3339, Omittable, PageQuery, QueryBoolean, QueryInt, QueryList } from '../shared/http/index.js';
import { PRIORITIES, type Priority } from './task.entity.js';
import { TASK_SORTING } from './task-list.js';
import { TASK_STATUSES, type TaskStatus } from './task-state.js';

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
