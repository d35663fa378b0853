import { normaliseCapabilities } from '../agents/index.js';
import { type EntityMetadata, QueryBuilder } from '../shared/database/index.js';
import { Sorting } from '../shared/http/index.js';
import { type Priority, rankOf, type Task } from './task.entity.js';
import type { TaskStatus } from './task-state.js';

/** Conditions are joined by and; the values of one list by or, except tags and capabilities, which must all be there. */
export interface TaskFilter {
  status?: TaskStatus[];
  priority?: Priority[];
  type?: string[];
  workspaceId?: string[];
  assignedTo?: string[];
  createdBy?: string[];
  externalRef?: string[];
  parentTaskId?: string;
  hasSubtasks?: boolean;
  tags?: string[];
  requiredCapabilities?: string[];
  /** Strictly after. */
  createdAfter?: Date;
  createdBefore?: Date;
  updatedAfter?: Date;
  updatedBefore?: Date;
}

/** A task without a deadline counts as due last of all; the latest time that a cursor can hold. */
const NO_DEADLINE = '2999-12-31T23:59:59.999Z';

/** The orders of a list; the first is the default. */
export const TASK_SORTING = new Sorting('createdAt', {
  createdAt: { expression: 'created_at', kind: 'timestamp', value: (task: Task) => task.createdAt.toISOString() },
  updatedAt: { expression: 'updated_at', kind: 'timestamp', value: (task: Task) => task.updatedAt.toISOString() },
  priority: { expression: 'priority', kind: 'number', value: (task: Task) => rankOf(task.priority) },
  deadline: {
    expression: `coalesce(deadline, '${NO_DEADLINE}')`,
    kind: 'timestamp',
    value: (task: Task) => task.deadline?.toISOString() ?? NO_DEADLINE,
  },
});

export interface TaskList extends TaskFilter {
  /** A minus in front is descending. An unknown one counts as createdAt [S41]. */
  sort?: string;
  limit?: number;
  offset?: number;
  after?: string;
}

/** The conditions of a list; order and page are added by the caller. `select` is what comes before FROM. */
export function filtered(metadata: EntityMetadata, tenantId: string, filter: TaskFilter, select: string): QueryBuilder {
  const base = `SELECT ${select} FROM tasks WHERE tenant_id = $1 AND deleted_at IS NULL`;
  const query = new QueryBuilder(metadata, base, [tenantId])
    .addInCondition('status', filter.status)
    .addInCondition('priority', filter.priority?.map(rankOf))
    .addInCondition('type', filter.type)
    .addInCondition('workspaceId', filter.workspaceId)
    .addInCondition('assignedTo', filter.assignedTo)
    .addInCondition('createdBy', filter.createdBy)
    .addInCondition('externalRef', filter.externalRef);
  if (filter.parentTaskId) query.addCondition('parentTaskId', '=', filter.parentTaskId);
  if (filter.tags) query.addCondition('tags', '@>', filter.tags);
  if (filter.requiredCapabilities) {
    query.addCondition('requiredCapabilities', '@>', normaliseCapabilities(filter.requiredCapabilities));
  }
  if (filter.createdAfter) query.addCondition('createdAt', '>', filter.createdAfter);
  if (filter.createdBefore) query.addCondition('createdAt', '<', filter.createdBefore);
  if (filter.updatedAfter) query.addCondition('updatedAt', '>', filter.updatedAfter);
  if (filter.updatedBefore) query.addCondition('updatedAt', '<', filter.updatedBefore);
  if (filter.hasSubtasks !== undefined) {
    const exists = `EXISTS (SELECT 1 FROM tasks c WHERE c.tenant_id = $1 AND c.parent_task_id = tasks.id AND c.deleted_at IS NULL)`;
    query.addClause(filter.hasSubtasks ? exists : `NOT ${exists}`);
  }
  return query;
}
