import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import { KeysetCursor, type Page, type PageQuery, pageOf } from '../shared/http/index.js';
import type { Pause, PauseTarget } from './pause.js';
import { WorkNews } from './work-news.js';

type Row = Record<string, unknown>;

/** How many tasks of a concurrency key may run at once, and how many do. */
export interface ConcurrencyLimit {
  key: string;
  limit: number;
  running: number;
}

const PAUSE_CURSOR = new KeysetCursor('scope', ['text', 'text']);
const PAUSE = 'scope, subject, reason, paused_by AS "pausedBy", paused_at AS "pausedAt"';

/** What keeps ready tasks from being handed out: pauses and concurrency limits. */
@Injectable()
export class DispatchRepository extends AggregateRepository {
  constructor(
    persistence: Persistence,
    private readonly news: WorkNews,
  ) {
    super(persistence);
  }

  /** Undefined when it is paused already. */
  @Operation()
  async pause(
    tenantId: string,
    { scope, subject }: PauseTarget,
    by: { reason: string | null; actorId: string },
  ): Promise<Pause | undefined> {
    const [pause] = await this.query<Row & Pause>(
      `INSERT INTO task_pauses AS p (tenant_id, scope, subject, reason, paused_by, paused_at)
       VALUES ($1, $2, $3, $4, $5, now()) ON CONFLICT DO NOTHING RETURNING ${PAUSE}`,
      [tenantId, scope, subject, by.reason, by.actorId],
    );
    return pause;
  }

  /** False when it was not paused. */
  @Operation()
  async resume(tenantId: string, { scope, subject }: PauseTarget): Promise<boolean> {
    const rows = await this.query(
      'DELETE FROM task_pauses WHERE tenant_id = $1 AND scope = $2 AND subject = $3 RETURNING scope',
      [tenantId, scope, subject],
    );
    await this.opened(tenantId);
    return rows.length > 0;
  }

  /** By scope and subject. */
  @Operation()
  async listPauses(tenantId: string, { limit, after }: PageQuery): Promise<Page<Pause>> {
    const [scope, subject] = PAUSE_CURSOR.decode(after) ?? ['', ''];
    const pauses = await this.query<Row & Pause>(
      `SELECT ${PAUSE} FROM task_pauses WHERE tenant_id = $1 AND (scope, subject) > ($2, $3)
       ORDER BY scope, subject LIMIT $4`,
      [tenantId, scope, subject, limit + 1],
    );
    return pageOf(pauses, limit, (last) => PAUSE_CURSOR.encode([last.scope, last.subject]));
  }

  @Operation()
  async setLimit(tenantId: string, key: string, limit: number): Promise<ConcurrencyLimit> {
    await this.query(
      `INSERT INTO task_concurrency AS c (tenant_id, key, max_running) VALUES ($1, $2, $3)
       ON CONFLICT (tenant_id, key) DO UPDATE SET max_running = excluded.max_running`,
      [tenantId, key, limit],
    );
    await this.opened(tenantId);
    return (await this.limit(tenantId, key)) ?? { key, limit, running: 0 };
  }

  /** Undefined for a key that no task has had. */
  @Operation()
  async limit(tenantId: string, key: string): Promise<ConcurrencyLimit | undefined> {
    const [limit] = await this.query<Row & ConcurrencyLimit>(
      `SELECT key, max_running AS "limit", (SELECT count(*)::int FROM tasks
           WHERE tenant_id = $1 AND concurrency_key = $2 AND status IN ('in_progress', 'awaiting_input')) AS running
       FROM task_concurrency WHERE tenant_id = $1 AND key = $2`,
      [tenantId, key],
    );
    return limit;
  }

  private opened(tenantId: string): Promise<void> {
    return this.persistence.transactions.afterCommit(() => this.news.opened(tenantId));
  }
}
