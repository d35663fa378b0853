import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import type { PauseScope } from './pause.js';
import { hasEnded, TASK_STATUSES, type TaskStatus } from './task-state.js';

/** How much work there is, over all tenants. */
export interface Depths {
  byStatus: ReadonlyMap<TaskStatus, number>;
  ready: number;
  /** 0 when nothing is ready. */
  oldestReadySeconds: number;
  /** Agents that hold a task. */
  holders: number;
  pauses: ReadonlyMap<PauseScope, number>;
}

export const OPEN = TASK_STATUSES.filter((status) => !hasEnded(status));
/** Dead letters. What is completed or cancelled is not counted: it only grows. */
export const DEAD = ['failed', 'timeout'] as const;

/** Counts along indexes: by tenant and status, and lane by lane, so that what has ended costs nothing. */
@Injectable()
export class DepthsRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  @Operation()
  async measure(): Promise<Depths> {
    const statuses = await this.query<{ status: TaskStatus; count: number }>(
      `WITH RECURSIVE tenants AS (
         (SELECT tenant_id FROM tasks WHERE deleted_at IS NULL ORDER BY tenant_id LIMIT 1)
         UNION ALL
         SELECT (SELECT tenant_id FROM tasks WHERE deleted_at IS NULL AND tenant_id > t.tenant_id ORDER BY tenant_id LIMIT 1)
           FROM tenants t WHERE t.tenant_id IS NOT NULL
       )
       SELECT s.status, sum(c.n)::int AS count
       FROM tenants t CROSS JOIN unnest($1::text[]) s(status) CROSS JOIN LATERAL (
         SELECT count(*) AS n FROM tasks
         WHERE tenant_id = t.tenant_id AND status = s.status AND deleted_at IS NULL) c
       GROUP BY 1`,
      [[...OPEN, ...DEAD]],
    );
    const [depths] = await this.query<{ ready: number; oldest: number; holders: number }>(
      `SELECT coalesce(sum(r.n), 0)::int AS ready,
         coalesce(extract(epoch FROM clock_timestamp() - min(r.oldest)), 0)::float8 AS oldest,
         (SELECT count(DISTINCT (tenant_id, assigned_to))::int FROM tasks
           WHERE status = 'in_progress' AND deleted_at IS NULL) AS holders
       FROM task_lanes l CROSS JOIN LATERAL (
         SELECT count(*) AS n, min(ready_at) AS oldest FROM tasks
         WHERE tenant_id = l.tenant_id AND lane = l.id AND status = 'pending' AND open_blockers = 0
           AND deleted_at IS NULL AND ready_at <= clock_timestamp()) r`,
    );
    const pauses = await this.query<{ scope: PauseScope; count: number }>(
      'SELECT scope, count(*)::int AS count FROM task_pauses GROUP BY scope',
    );
    return {
      byStatus: new Map(statuses.map(({ status, count }) => [status, count])),
      ready: depths?.ready ?? 0,
      oldestReadySeconds: depths?.oldest ?? 0,
      holders: depths?.holders ?? 0,
      pauses: new Map(pauses.map(({ scope, count }) => [scope, count])),
    };
  }
}
