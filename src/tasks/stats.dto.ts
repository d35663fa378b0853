import { IsString, Length } from 'class-validator';
import { IsId, IsRfc3339, Omittable, QueryInt } from '../shared/http/index.js';

export class TaskStatsDto {
  @Omittable()
  @IsId()
  workspaceId?: string;

  @Omittable()
  @IsString()
  @Length(1, 200)
  type?: string;

  /** Of the tasks that ended, only those that did at this time or later; open ones always count. */
  @Omittable()
  @IsRfc3339()
  since?: Date;
}

export class WorkloadDto {
  @IsId()
  agentId: string;
}

export class TreeDto {
  /** How many levels below the task. */
  @QueryInt(1, 20, 5)
  depth: number;
}
