import { Injectable } from '@nestjs/common';
import {
  AggregateRepository,
  assignments,
  Operation,
  Persistence,
  QueryBuilder,
  rowMapper,
} from '../shared/database/index.js';
import { NotFound, OptimisticLock } from '../shared/errors/index.js';
import { type Page, pageOf } from '../shared/http/index.js';
import { newId } from '../shared/ids/index.js';
import type { Claimed } from './dispatch.repository.js';
import { type ListWebhooks, WEBHOOK_SORTING } from './webhook.dto.js';
import { type DisabledReason, Webhook } from './webhook.entity.js';
import { WebhookNews } from './webhook-news.js';
import { WebhookSettings } from './webhook.settings.js';
import { TooManyWebhooks } from './webhooks.errors.js';

export type NewWebhook = Pick<
  Webhook,
  'workspaceId' | 'url' | 'host' | 'types' | 'subjects' | 'ordered' | 'description' | 'enabled' | 'secret' | 'createdBy'
>;
export type WebhookPatch = Partial<
  Pick<Webhook, 'url' | 'host' | 'types' | 'subjects' | 'ordered' | 'description' | 'enabled'>
>;
/** What is asked of an endpoint for each event. */
export type Follower = Pick<Webhook, 'id' | 'workspaceId' | 'types' | 'subjects' | 'switchedAt'>;

/**
 * Deliveries are made of events after they happened, perhaps not before the endpoint was disabled, and even enabled again.
 * For so long that is reckoned with; the feed of a tenant without another endpoint is then read no more.
 */
const LAG = `interval '1 day'`;
const FOLLOWS = `(enabled OR switched_at[cardinality(switched_at)] > now() - ${LAG})`;
/** Of an endpoint that is switched again and again within that time, as many times are kept. */
const KEPT_SWITCHES = 32;

/** The log cuts times to milliseconds; a rounded one could lie after an event that happened later. */
const NOW = `date_trunc('milliseconds', now())`;
const ON = `, disabled_reason = NULL, switched_at = CASE WHEN enabled THEN switched_at
  WHEN ${FOLLOWS} THEN switched_at[greatest(1, cardinality(switched_at) - ${KEPT_SWITCHES} + 1):] || ${NOW}
  ELSE ARRAY[${NOW}] END`;
/** What happened in the same millisecond is sent. */
const SWITCHED_OFF = `switched_at || (${NOW} + interval '1 ms')`;
const OFF = `, disabled_reason = coalesce(disabled_reason, 'request'),
  switched_at = CASE WHEN enabled THEN ${SWITCHED_OFF} ELSE switched_at END`;

/** What failed before says nothing of an endpoint that is elsewhere now, or was enabled. */
const ANEW = ', failing_since = NULL, failures = 0';

/** A day of a few bad minutes is no reason to disable an endpoint that gets an event now and then. */
const LEAST_FAILURES = 20;
/** Changes are announced; this is how long one that was not heard of is overlooked. */
const BELIEVED_MS = 10_000;

@Injectable()
export class WebhooksRepository extends AggregateRepository {
  private readonly metadata = this.persistence.database.metadata(Webhook);
  private readonly toWebhook = rowMapper<Webhook>(this.metadata);

  private followed?: { at: number; since: Promise<ReadonlyMap<string, Date>> };

  constructor(
    persistence: Persistence,
    private readonly news: WebhookNews,
    private readonly settings: WebhookSettings,
  ) {
    super(persistence);
    news.onChange(() => (this.followed = undefined));
  }

  /** @throws TooManyWebhooks */
  @Operation()
  async insert(tenantId: string, webhook: NewWebhook): Promise<Webhook> {
    const { limit } = this.settings;
    const { workspaceId, url, host, types, subjects, ordered, description, enabled, secret, createdBy } = webhook;
    const [row] = await this.query(
      `INSERT INTO webhooks (tenant_id, id, workspace_id, url, host, types, subjects, ordered, description, enabled,
         switched_at, disabled_reason, secret, created_by)
       SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10::boolean, CASE WHEN $10::boolean THEN ARRAY[${NOW}] ELSE '{}' END,
           CASE WHEN NOT $10::boolean THEN 'request' END, $11, $12
         WHERE (SELECT count(*) FROM webhooks WHERE tenant_id = $1) < $13
       RETURNING *`,
      [
        tenantId,
        newId(),
        workspaceId,
        url,
        host,
        types,
        subjects,
        ordered,
        description,
        enabled,
        secret,
        createdBy,
        limit,
      ],
    );
    if (!row) throw new TooManyWebhooks(limit);
    await this.news.changed(tenantId);
    return this.toWebhook(row);
  }

  /** @throws NotFound */
  @Operation()
  async get(tenantId: string, id: string): Promise<Webhook> {
    return this.one(await this.query('SELECT * FROM webhooks WHERE tenant_id = $1 AND id = $2', [tenantId, id]), id);
  }

  /** Locks the row until the end of the transaction. @throws NotFound */
  @Operation()
  async getForUpdate(tenantId: string, id: string): Promise<Webhook> {
    const sql = 'SELECT * FROM webhooks WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE';
    return this.one(await this.query(sql, [tenantId, id]), id);
  }

  @Operation()
  async list(tenantId: string, list: Partial<ListWebhooks>, workspaceIds?: readonly string[]): Promise<Page<Webhook>> {
    const { expression, direction, after, cursorOf } = WEBHOOK_SORTING.order(list.sort, list.after);
    const limit = list.limit ?? 50;
    const query = new QueryBuilder(this.metadata, 'SELECT * FROM webhooks WHERE tenant_id = $1', [tenantId])
      .orderBy(expression, direction, after)
      .limit(limit + 1);
    if (workspaceIds) query.addClause('workspace_id IS NULL OR workspace_id = ANY (?)', workspaceIds);
    if (list.workspaceId !== undefined) query.addCondition('workspaceId', '=', list.workspaceId);
    if (list.enabled !== undefined) query.addCondition('enabled', '=', list.enabled);
    const { text, values } = query.build();
    return pageOf((await this.read(text, values)).map(this.toWebhook), limit, cursorOf);
  }

  /**
   * Changes what the patch names, if the endpoint is still at `version`. One that is enabled, or is elsewhere, begins anew.
   * @throws NotFound, or OptimisticLock with the current version
   */
  @Operation()
  async update(tenantId: string, id: string, version: number, patch: WebhookPatch): Promise<Webhook> {
    const values: unknown[] = [tenantId, id, version];
    const changes = assignments(this.metadata, patch, values);
    const switched = patch.enabled === undefined ? '' : patch.enabled ? ON : OFF;
    const more = switched + (patch.enabled || patch.url !== undefined ? ANEW : '');
    const [row] = await this.query(
      `UPDATE webhooks SET ${changes}${more}, updated_at = now(), version = version + 1
       WHERE tenant_id = $1 AND id = $2 AND version = $3 RETURNING *`,
      values,
    );
    if (row) await this.news.changed(tenantId);
    if (row) return this.toWebhook(row);
    throw new OptimisticLock('webhook', id, version, (await this.get(tenantId, id)).version);
  }

  /** The secret so far goes on to sign for `overlapSeconds`. @throws NotFound */
  @Operation()
  async rotate(tenantId: string, id: string, secret: string, overlapSeconds: number): Promise<Webhook> {
    const rows = await this.query(
      `UPDATE webhooks SET secret = $3, previous_secret = CASE WHEN $4::int > 0 THEN secret END,
         previous_secret_until = CASE WHEN $4::int > 0 THEN now() + make_interval(secs => $4::int) END,
         updated_at = now(), version = version + 1
       WHERE tenant_id = $1 AND id = $2 RETURNING *`,
      [tenantId, id, secret, overlapSeconds],
    );
    return this.one(rows, id);
  }

  /** @throws NotFound */
  @Operation()
  async delete(tenantId: string, id: string): Promise<Webhook> {
    const rows = await this.query('DELETE FROM webhooks WHERE tenant_id = $1 AND id = $2 RETURNING *', [tenantId, id]);
    await this.news.changed(tenantId);
    return this.one(rows, id);
  }

  /** Something was delivered: what failed before does not count any more. */
  @Operation()
  async recovered(tenantId: string, id: string): Promise<void> {
    await this.query(
      `UPDATE webhooks SET failing_since = NULL, failures = 0
       WHERE tenant_id = $1 AND id = $2 AND failing_since IS NOT NULL`,
      [tenantId, id],
    );
  }

  /**
   * Counts a failed attempt at the endpoint as it was at `version`, and whether everything has failed for `days`.
   * Undefined, and not counted, when it has been changed since, or deleted.
   */
  @Operation()
  async failed(
    { tenantId, webhookId, version }: Pick<Claimed, 'tenantId' | 'webhookId' | 'version'>,
    days: number,
  ): Promise<{ givenUp: boolean } | undefined> {
    const [row] = await this.query<{ givenUp: boolean }>(
      `UPDATE webhooks SET failing_since = coalesce(failing_since, now()), failures = failures + 1
       WHERE tenant_id = $1 AND id = $2 AND version = $5
       RETURNING failing_since <= now() - make_interval(days => $3) AND failures >= $4 AS "givenUp"`,
      [tenantId, webhookId, days, LEAST_FAILURES, version],
    );
    return row;
  }

  /** Undefined when it is disabled already, or deleted. */
  @Operation()
  async disable(tenantId: string, id: string, reason: DisabledReason): Promise<Webhook | undefined> {
    const [row] = await this.query(
      `UPDATE webhooks SET enabled = false, disabled_reason = $3, switched_at = ${SWITCHED_OFF}, updated_at = now(), version = version + 1
       WHERE tenant_id = $1 AND id = $2 AND enabled RETURNING *`,
      [tenantId, id, reason],
    );
    if (row) await this.news.changed(tenantId);
    return row && this.toWebhook(row);
  }

  /**
   * From when on events of the tenant may matter to one of its endpoints; undefined when none do. Known for all tenants at
   * once, and believed until something changes: whoever asks does so for every event.
   */
  async followedSince(tenantId: string): Promise<Date | undefined> {
    if (!this.followed || performance.now() - this.followed.at > BELIEVED_MS) {
      const known = { at: performance.now(), since: this.allFollowed() };
      this.followed = known;
      known.since.catch(() => this.followed === known && (this.followed = undefined));
    }
    return (await this.followed.since).get(tenantId);
  }

  /**
   * The tenant's endpoints that are enabled, or were until a while ago. Ordered ones are locked until the end of the transaction: what it puts into their
   * queues is then visible before anything that others put behind it.
   */
  @Operation()
  async followers(tenantId: string): Promise<Follower[]> {
    await this.query(
      `SELECT FROM webhooks WHERE tenant_id = $1 AND ${FOLLOWS} AND ordered ORDER BY id FOR NO KEY UPDATE`,
      [tenantId],
    );
    const rows = await this.query(
      `SELECT id, workspace_id, types, subjects, switched_at FROM webhooks WHERE tenant_id = $1 AND ${FOLLOWS}`,
      [tenantId],
    );
    return rows.map(this.toWebhook);
  }

  @Operation()
  protected async allFollowed(): Promise<ReadonlyMap<string, Date>> {
    const rows = await this.query<{ tenant_id: string; since: Date }>(
      `SELECT tenant_id, min(switched_at[1]) AS since FROM webhooks WHERE ${FOLLOWS} GROUP BY tenant_id`,
    );
    return new Map(rows.map((row) => [row.tenant_id, row.since]));
  }

  /** @throws NotFound */
  private one([row]: Record<string, unknown>[], id: string): Webhook {
    if (!row) throw new NotFound('webhook', id);
    return this.toWebhook(row);
  }
}
