import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';

/** What a lane is made of: tasks that agree in it can be claimed by the same agents. */
export interface Lane {
  workspaceId: string;
  type: string;
  requiredCapabilities: readonly string[];
}

/** How long a node knows a lane to be there, by the database's clock; after that it says so again. */
const KNOWN_MS = 10 * 60_000;
/** How old the mark of a lane that goes must be. Longer than nodes know it, by more than a round of tidying takes. */
const IDLE_MS = 2 * KNOWN_MS;
/** Lanes that a node knows; then it begins anew. */
const MAX_KNOWN = 10_000;
/** Lanes of a tenant that one round takes a step on. */
const MAX_TIDIED = 20_000;

/**
 * The lanes that claims look into. A lane without a row is not looked into, so whoever makes a task ready in it sees to the
 * row first; rows of lanes that are not used any more cost each claim, and are removed. Why no task is lost between the two
 * stands in `task_lanes_tidy`.
 */
@Injectable()
export class LanesRepository extends AggregateRepository {
  readonly knownMs: number = KNOWN_MS;
  readonly idleMs: number = IDLE_MS;
  /** Until when, in ms of the database's clock. */
  private readonly known = new Map<string, number>();

  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** Makes the lanes where there are none, and keeps them until the end of the transaction. To be called before tasks are locked. */
  @Operation()
  async use(tenantId: string, lanes: readonly Lane[]): Promise<void> {
    const distinct = new Map(lanes.map((lane) => [keyOf(tenantId, lane), rowOf(lane)]));
    await this.query('SELECT task_lanes_use($1, $2)', [tenantId, JSON.stringify([...distinct.values()])]);
  }

  /** As `use`, of the lane that a task is in. */
  @Operation()
  async useOf(tenantId: string, taskId: string): Promise<void> {
    await this.query(
      `SELECT task_lanes_use($1, jsonb_build_array(jsonb_build_object(
         'workspace_id', workspace_id, 'type', type, 'required_capabilities', required_capabilities)))
       FROM tasks WHERE tenant_id = $1 AND id = $2`,
      [tenantId, taskId],
    );
  }

  /** Until when all of these lanes are there, by the database's clock; null when this node does not know. */
  knownUntil(tenantId: string, lanes: readonly Lane[]): Date | null {
    let until = Infinity;
    for (const lane of lanes) {
      const one = this.known.get(keyOf(tenantId, lane));
      if (one === undefined) return null;
      until = Math.min(until, one);
    }
    return until === Infinity ? null : new Date(until);
  }

  /** They were used at that time of the database. After the commit only: what was rolled back is not in the table. */
  used(tenantId: string, lanes: readonly Lane[], at: Date): void {
    if (this.known.size > MAX_KNOWN) this.known.clear();
    for (const lane of lanes) this.known.set(keyOf(tenantId, lane), at.getTime() + this.knownMs);
  }

  /** Tenants that have lanes. */
  @Operation()
  async tenants(): Promise<string[]> {
    const rows = await this.query<{ tenant_id: string }>('SELECT DISTINCT tenant_id FROM task_lanes ORDER BY 1');
    return rows.map((row) => row.tenant_id);
  }

  /** Takes the lanes without open tasks one step on towards their removal; returns how many were removed. */
  @Operation()
  async tidy(tenantId: string): Promise<number> {
    const [row] = await this.query<{ removed: number }>(
      'SELECT task_lanes_tidy($1, make_interval(secs => $2::float8 / 1000), $3) AS removed',
      [tenantId, this.idleMs, MAX_TIDIED],
    );
    return row?.removed ?? 0;
  }
}

/** No text that PostgreSQL keeps holds a NUL. */
const keyOf = (tenantId: string, { workspaceId, type, requiredCapabilities }: Lane): string =>
  [tenantId, workspaceId, type, ...requiredCapabilities].join('\0');

const rowOf = ({ workspaceId, type, requiredCapabilities }: Lane) => ({
  workspace_id: workspaceId,
  type,
  required_capabilities: requiredCapabilities,
});
