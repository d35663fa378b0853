import { Injectable } from '@nestjs/common';
import { newId } from '../shared/ids/index.js';
import { type CachedEntity, Coalesced, EntityCache } from '../shared/cache/index.js';
import {
  AggregateRepository,
  assignments,
  entityReviver,
  Operation,
  type Outcome,
  Persistence,
  QueryBuilder,
  rowMapper,
} from '../shared/database/index.js';
import { NotFound, OptimisticLock } from '../shared/errors/index.js';
import { type Page, pageOf } from '../shared/http/index.js';
import { Agent } from './agent.entity.js';
import type { AgentStatus } from './agent-state.js';
import { AGENT_SORTING, type AgentHeartbeat, type ListAgents } from './agent.dto.js';
import { normaliseCapabilities } from './capabilities.js';

type NewAgent = Pick<Agent, 'name' | 'kind' | 'capabilities' | 'capacity' | 'labels'>;
export type AgentPatch = Partial<Pick<Agent, 'kind' | 'status' | 'capabilities' | 'capacity' | 'labels'>>;

type Row = Record<string, unknown>;

interface Beat {
  id: string;
  /** Set by who attends it: without a sign of life for so long it is offline. */
  offlineAfterMs?: number | undefined;
}

/** An agent that was attended and is offline now, and what it was before. */
export interface Absent {
  agent: Agent;
  was: AgentStatus;
}

/** As many agents as a tenant has by default. */
const MAX_CAPABLE = 1_000;

/** Attended, and nothing was heard of it for too long. */
const IS_ABSENT = `offline_after_ms < $1::bigint AND deleted_at IS NULL
  AND last_seen_at < now() - offline_after_ms * interval '1 millisecond'`;

@Injectable()
export class AgentsRepository extends AggregateRepository {
  private readonly metadata = this.persistence.database.metadata(Agent);
  private readonly toAgent = rowMapper<Agent>(this.metadata);
  private readonly cached: CachedEntity<Agent> = { type: 'agent', revive: entityReviver(this.metadata) };
  private readonly reads = new Coalesced<Agent | undefined>();
  private readonly heartbeats = this.batched({
    operation: 'agents.heartbeat',
    flush: (tenantId, beats: Beat[]) => this.flushHeartbeats(tenantId, beats),
    // Two statements of one tenant would lock the same agents in different orders.
    lanes: 1,
  });

  constructor(
    persistence: Persistence,
    private readonly cache: EntityCache,
  ) {
    super(persistence);
  }

  /** The new agent, which is active; undefined when the tenant has one of that name. */
  @Operation()
  async insert(tenantId: string, agent: NewAgent): Promise<Agent | undefined> {
    const [row] = await this.query(
      `INSERT INTO agents (tenant_id, id, name, kind, status, capabilities, capacity, labels)
       VALUES ($1, $2, $3, $4, 'active', $5, $6, $7)
       ON CONFLICT (tenant_id, name) WHERE deleted_at IS NULL DO NOTHING
       RETURNING *`,
      [tenantId, newId(), agent.name, agent.kind, agent.capabilities, agent.capacity, agent.labels],
    );
    return row && this.toAgent(row);
  }

  /** From the cache, unless inside a transaction. */
  @Operation()
  async find(tenantId: string, id: string): Promise<Agent | undefined> {
    return this.load(tenantId, id);
  }

  /** As `find`. @throws NotFound */
  @Operation()
  async get(tenantId: string, id: string): Promise<Agent> {
    const agent = await this.load(tenantId, id);
    if (!agent) throw new NotFound('agent', id);
    return agent;
  }

  /** Locks the row until the end of the transaction. @throws NotFound */
  @Operation()
  async getForUpdate(tenantId: string, id: string): Promise<Agent> {
    const [row] = await this.query(
      'SELECT * FROM agents WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE',
      [tenantId, id],
    );
    if (!row) throw new NotFound('agent', id);
    return this.toAgent(row);
  }

  @Operation()
  async list(tenantId: string, list: Partial<ListAgents>): Promise<Page<Agent>> {
    const { expression, direction, after, cursorOf } = AGENT_SORTING.order(list.sort, list.after);
    const limit = list.limit ?? 50;
    const query = new QueryBuilder(this.metadata, 'SELECT * FROM agents WHERE tenant_id = $1 AND deleted_at IS NULL', [
      tenantId,
    ])
      .addInCondition('status', list.status)
      .addInCondition('kind', list.kind)
      .orderBy(expression, direction, after)
      .limit(limit + 1);
    if (list.name !== undefined) query.addCondition('name', '=', list.name);
    if (list.capabilities) query.addCondition('capabilities', '@>', normaliseCapabilities(list.capabilities));
    const { text, values } = query.build();
    return pageOf((await this.read(text, values)).map(this.toAgent), limit, cursorOf);
  }

  /** Those of these ids that are agents, not deleted. */
  @Operation()
  async existing(tenantId: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.query<{ id: string }>(
      'SELECT id FROM agents WHERE tenant_id = $1 AND id = ANY ($2) AND deleted_at IS NULL',
      [tenantId, ids],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** How many agents of all tenants have each status. */
  @Operation()
  async countByStatus(): Promise<ReadonlyMap<AgentStatus, number>> {
    const rows = await this.query<{ status: AgentStatus; count: number }>(
      'SELECT status, count(*)::int AS count FROM agents WHERE deleted_at IS NULL GROUP BY status',
    );
    return new Map(rows.map(({ status, count }) => [status, count]));
  }

  /** Those that have all of these capabilities, in any status, active ones first. */
  @Operation()
  async listCapable(tenantId: string, capabilities: readonly string[]): Promise<Agent[]> {
    const rows = await this.query(
      `SELECT * FROM agents WHERE tenant_id = $1 AND capabilities @> $2 AND deleted_at IS NULL
       ORDER BY status <> 'active', id LIMIT $3`,
      [tenantId, capabilities, MAX_CAPABLE],
    );
    return rows.map(this.toAgent);
  }

  /**
   * Changes what the patch names, if the agent is still at `version`.
   * @throws NotFound, or OptimisticLock with the current version
   */
  @Operation()
  async update(tenantId: string, id: string, version: number, patch: AgentPatch): Promise<Agent> {
    const values: unknown[] = [tenantId, id, version];
    const [row] = await this.query(
      `UPDATE agents SET ${assignments(this.metadata, patch, values)}, updated_at = now(), version = version + 1
       WHERE tenant_id = $1 AND id = $2 AND version = $3 AND deleted_at IS NULL
       RETURNING *`,
      values,
    );
    if (!row) throw await this.whyNotAt(tenantId, id, version);
    await this.changed(tenantId, id);
    return this.toAgent(row);
  }

  /** Hides the agent and frees its name. @throws NotFound */
  @Operation()
  async softDelete(tenantId: string, id: string): Promise<Agent> {
    const [row] = await this.query(
      `UPDATE agents SET deleted_at = now(), updated_at = now(), version = version + 1
       WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL
       RETURNING *`,
      [tenantId, id],
    );
    if (!row) throw new NotFound('agent', id);
    await this.changed(tenantId, id);
    return this.toAgent(row);
  }

  /**
   * A sign of life: sets `last_seen_at`, from who attends the agent also how long there may be none, and nothing else.
   * Concurrent calls share a statement. @throws NotFound
   */
  @Operation()
  async heartbeat(tenantId: string, id: string, offlineAfterMs?: number): Promise<AgentHeartbeat> {
    return this.heartbeats(tenantId, { id, offlineAfterMs });
  }

  /** Tenants with agents that were attended and are no longer heard of, and may be so for at most `ms`. */
  @Operation()
  async tenantsWithAbsent(ms: number): Promise<string[]> {
    const rows = await this.query<{ tenant_id: string }>(`SELECT DISTINCT tenant_id FROM agents WHERE ${IS_ABSENT}`, [
      ms,
    ]);
    return rows.map((row) => row.tenant_id);
  }

  /**
   * Ends the attendance of up to `limit` such agents. Those that might work are offline then, and answered; the others
   * keep the status that somebody chose. Rows that are being changed are left for the next time: a sign of life may be
   * on its way, and it locks several in an order of its own.
   */
  @Operation()
  async endAttendance(tenantId: string, ms: number, limit: number): Promise<Absent[]> {
    const rows = await this.query<Row & { was: AgentStatus }>(
      `WITH absent AS (
         SELECT id, status AS was, status IN ('active', 'starting') AS might_work FROM agents
         WHERE tenant_id = $2 AND ${IS_ABSENT} LIMIT $3 FOR UPDATE SKIP LOCKED)
       UPDATE agents SET
         offline_after_ms = NULL,
         status = CASE WHEN might_work THEN 'offline' ELSE status END,
         updated_at = CASE WHEN might_work THEN now() ELSE updated_at END,
         version = version + might_work::int
       FROM absent WHERE tenant_id = $2 AND agents.id = absent.id
       RETURNING agents.*, was`,
      [ms, tenantId, limit],
    );
    const absent = rows.map((row) => ({ agent: this.toAgent(row), was: row.was }));
    const left = absent.filter(({ agent, was }) => agent.status !== was);
    await this.changed(tenantId, ...left.map(({ agent }) => agent.id));
    return left;
  }

  /** As `heartbeat`, by name; locks the row until the end of the transaction. */
  @Operation()
  async heartbeatByName(tenantId: string, name: string): Promise<Agent | undefined> {
    const [row] = await this.query(
      `UPDATE agents SET last_seen_at = now() WHERE tenant_id = $1 AND name = $2 AND deleted_at IS NULL RETURNING *`,
      [tenantId, name],
    );
    return row && this.toAgent(row);
  }

  private async load(tenantId: string, id: string): Promise<Agent | undefined> {
    const fromDatabase = async (): Promise<Agent | undefined> => {
      const [row] = await this.query('SELECT * FROM agents WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL', [
        tenantId,
        id,
      ]);
      return row && this.toAgent(row);
    };
    if (this.inTransaction) return fromDatabase();
    return this.reads.get(`${tenantId} ${id}`, () => this.cache.getOrLoad(this.cached, tenantId, id, fromDatabase));
  }

  private async flushHeartbeats(tenantId: string, beats: Beat[]): Promise<Outcome<AgentHeartbeat>[]> {
    const attended = beats.filter(({ offlineAfterMs }) => offlineAfterMs !== undefined);
    // Of several for one agent those of who attends it count.
    const times = new Map([...beats, ...attended].map(({ id, offlineAfterMs = null }) => [id, offlineAfterMs]));
    const rows = await this.query(
      `UPDATE agents SET last_seen_at = now(), offline_after_ms = coalesce(beat.ms, offline_after_ms)
       FROM unnest($2::uuid[], $3::int[]) AS beat (agent_id, ms)
       WHERE tenant_id = $1 AND id = beat.agent_id AND deleted_at IS NULL
       RETURNING id, status, last_seen_at`,
      [tenantId, [...times.keys()], [...times.values()]],
    );
    const found = new Map(rows.map(this.toAgent).map(({ id, status, lastSeenAt }) => [id, { id, status, lastSeenAt }]));
    return beats.map(({ id }) => {
      const value = found.get(id);
      return value ? { value } : { error: new NotFound('agent', id) };
    });
  }

  /** After the commit: forgets the cached copies. */
  private changed(tenantId: string, ...ids: string[]): Promise<void> {
    return this.persistence.transactions.afterCommit(async () => {
      await this.cache.invalidate(this.cached.type, tenantId, ids);
      this.reads.forget();
    });
  }

  private async whyNotAt(tenantId: string, id: string, version: number): Promise<NotFound | OptimisticLock> {
    const [row] = await this.query<Row & { version: number }>(
      'SELECT version FROM agents WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
      [tenantId, id],
    );
    return row ? new OptimisticLock('agent', id, version, row.version) : new NotFound('agent', id);
  }
}
