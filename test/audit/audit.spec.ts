import { Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { AuditRepository } from '../../src/shared/audit/audit.repository.js';
import { Audit, AuditService } from '../../src/shared/audit/index.js';
import { RequireScope } from '../../src/shared/auth/index.js';
import { Conflict } from '../../src/shared/errors/index.js';
import { type AuthApp, type Customer, json, startAuthApp } from '../support/auth-app.js';
import { connected, query, scratchDatabase } from '../support/database.js';
import { until } from '../support/until.js';

@Controller('v1/things')
@RequireScope('write')
class ThingsController {
  @Post()
  make(): object {
    return { id: 'made-1' };
  }

  @Post(':id/parts/:part')
  @HttpCode(200)
  change(): object {
    return {};
  }

  @Post(':id/refuse')
  refuse(): object {
    throw new Conflict('not_now', 'Not now.');
  }

  @Post(':id/beat')
  @Audit('never')
  beat(): object {
    return {};
  }

  @Delete(':id')
  @Audit('with_change')
  remove(@Param('id') id: string): object {
    if (id === 'stuck') throw new Conflict('stuck', 'It is stuck.');
    return {};
  }

  @Get()
  list(): object {
    return {};
  }
}

describe('the audit trail', () => {
  let app: AuthApp;
  let database: string;
  let ada: Customer;

  beforeAll(async () => {
    database = await scratchDatabase();
    app = await startAuthApp({ database, controllers: [ThingsController], trustProxy: true });
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    ada = await app.customer();
  });

  const send = (method: string, path: string, more: { key?: string; headers?: Record<string, string> } = {}) =>
    app.call(path, { key: ada.key, method, ...more });
  const trail = async (filter = '') => {
    await app.get(AuditService).flush();
    return json(app.call(`/v1/audit${filter}`, { key: ada.key }));
  };
  const operations = async (filter = '') =>
    ((await trail(filter)).items as Record<string, unknown>[]).map(({ operation, status }) => `${status} ${operation}`);

  it('tells who did what, from where, and when', async () => {
    const { key, secret } = await app.keyFor(ada, ['write'], { actorId: 'agent-7' });
    const headers = { 'x-forwarded-for': '192.0.2.7', 'user-agent': 'spec/1', 'x-request-id': 'request-1' };
    const before = Date.now();
    await send('POST', '/v1/things/t-1/parts/p-1', { key: secret, headers });

    const [entry] = (await trail()).items as Record<string, unknown>[];
    expect(entry).toEqual({
      id: expect.any(String),
      time: expect.any(String),
      actorId: 'agent-7',
      keyId: key.id,
      operation: 'POST /v1/things/:id/parts/:part',
      subjectId: 't-1',
      status: 200,
      code: null,
      requestId: 'request-1',
      ip: '192.0.2.7',
      userAgent: 'spec/1',
    });
    expect(Math.abs(Date.parse(String(entry?.time)) - before)).toBeLessThan(10_000);
  });

  it('holds changes, and neither reads, refused changes nor what says that it need not be', async () => {
    for (const [method, path] of [
      ['POST', '/v1/things'],
      ['GET', '/v1/things'],
      ['POST', '/v1/things/x/refuse'],
      ['POST', '/v1/things/x/beat'],
      ['POST', '/v1/nothing'],
    ] as const) {
      await send(method, path);
    }
    expect(await operations()).toEqual(['201 POST /v1/things']);
    expect((await trail()).items).toEqual([expect.objectContaining({ subjectId: 'made-1' })]);
  });

  it('holds what was refused for its credentials', async () => {
    const { secret } = await app.keyFor(ada, ['read']);
    const revoked = await app.keyFor(ada, ['write']);
    await app.call(`/v1/keys/${revoked.key.id}`, { key: ada.key, method: 'DELETE' });
    await send('POST', '/v1/things', { key: secret });
    for (let i = 0; i < 20; i++) await send('POST', '/v1/things', { key: revoked.secret });

    const items = (await trail()).items as Record<string, unknown>[];
    const refused = items.filter(({ status }) => Number(status) > 400);
    expect(refused.find(({ status }) => status === 403)).toMatchObject({ code: 'missing_scope' });
    const unauthenticated = refused.filter(({ status }) => status === 401);
    expect(unauthenticated[0]).toMatchObject({ code: 'credentials_revoked', keyId: revoked.key.id });
    // One a second and node, or a loop of a forgotten agent would fill the trail.
    expect(unauthenticated.length).toBeLessThanOrEqual(2);
  });

  it('holds an administrative act exactly when it happened', async () => {
    expect((await send('DELETE', '/v1/things/ok')).status).toBe(200);
    expect((await send('DELETE', '/v1/things/stuck')).status).toBe(409);
    expect(await operations()).toEqual(['200 DELETE /v1/things/:id']);
  });

  it('refuses an administrative act that it cannot hold', async () => {
    const lock = await connected(database, async (client) => {
      await client.query('BEGIN; LOCK TABLE audit_log IN EXCLUSIVE MODE');
      const answer = app.call('/v1/keys', { key: ada.key, method: 'POST', body: { name: 'x', scopes: ['read'] } });
      const waiting = `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO audit_log%'`;
      const pid = await until(async () => (await query<{ pid: number }>(database, waiting))[0]?.pid);
      await client.query('SELECT pg_cancel_backend($1)', [pid]);
      const response = await answer;
      await client.query('ROLLBACK');
      return response;
    });
    expect(lock.status).toBe(503);
    expect((await json(app.call('/v1/keys', { key: ada.key }))).items).toHaveLength(1);
  });

  it('holds a repeated request once', async () => {
    const headers = { 'idempotency-key': 'k1' };
    for (let i = 0; i < 3; i++) await send('POST', '/v1/things', { headers });
    const body = { name: 'x', scopes: ['read'] };
    for (let i = 0; i < 3; i++)
      await app.call('/v1/keys', { key: ada.key, method: 'POST', body, headers: { 'idempotency-key': 'k2' } });
    expect((await operations()).sort()).toEqual(['201 POST /v1/keys', '201 POST /v1/things']);
  });

  it('is read page by page, newest first, and filtered', async () => {
    for (let i = 0; i < 5; i++) {
      await send('POST', `/v1/things/t-${i}/parts/p`);
      await app.get(AuditService).flush();
    }
    const subjects: unknown[] = [];
    let after = '';
    for (let hasMore: unknown = true; hasMore;) {
      const page = await trail(`?limit=2${after}`);
      subjects.push(...(page.items as Record<string, unknown>[]).map(({ subjectId }) => subjectId));
      after = `&after=${String(page.nextCursor)}`;
      hasMore = page.hasMore;
    }
    expect(subjects).toEqual(['t-4', 't-3', 't-2', 't-1', 't-0']);

    expect((await trail('?subjectId=t-3')).items).toHaveLength(1);
    expect((await trail('?status=200&operation=POST%20/v1/things/:id/parts/:part')).items).toHaveLength(5);
    expect((await trail('?actorId=nobody')).items).toHaveLength(0);
    expect((await trail('?until=2001-01-01T00:00:00Z')).items).toHaveLength(0);
    expect((await trail('?since=2001-01-01T00:00:00Z')).items).toHaveLength(5);
  });

  it('is for administrators, and shows no other tenant’s', async () => {
    const eve = await app.customer();
    await send('POST', '/v1/things');
    await app.get(AuditService).flush();
    expect((await json(app.call('/v1/audit', { key: eve.key }))).items).toEqual([]);

    const { secret } = await app.keyFor(ada, ['read', 'write']);
    expect((await app.call('/v1/audit', { key: secret })).status).toBe(403);
  });

  it('goes to the log where it cannot be stored', async () => {
    await query(database, 'ALTER TABLE audit_log ADD CONSTRAINT audit_is_full CHECK (status <> 201) NOT VALID');
    expect((await send('POST', '/v1/things')).status).toBe(201);
    await app.get(AuditService).flush();
    await query(database, 'ALTER TABLE audit_log DROP CONSTRAINT audit_is_full');
    const line = app.lines.find((one) => one.includes('could not be stored')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ tenantId: ada.tenantId, entry: { operation: 'POST /v1/things' } });
  });

  it('drops the months past its retention, and has the coming ones ready', async () => {
    await query(
      database,
      `CREATE TABLE audit_log_2020_01 PARTITION OF audit_log FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z')`,
    );
    const partitions = async () =>
      (
        await query(
          database,
          `SELECT relid::text AS name FROM pg_partition_tree('audit_log') WHERE level = 1 ORDER BY 1`,
        )
      ).map(({ name }) => String(name));
    await query(database, `DROP TABLE ${(await partitions()).at(-1)}`);

    const nodes = Array.from({ length: 4 }, () => app.get(AuditRepository).rotate(12));
    expect((await Promise.all(nodes)).flat()).toContain('audit_log_2020_01');
    const left = await partitions();
    expect(left).toHaveLength(4);
    expect(left).not.toContain('audit_log_2020_01');
    expect(await app.get(AuditRepository).rotate(12)).toEqual([]);
  });

  // Last: a second node in this process takes over Nest’s logger.
  it('is complete when the node stops', async () => {
    const node = await startAuthApp({ database, controllers: [ThingsController] });
    await Promise.all(Array.from({ length: 300 }, () => node.call('/v1/things', { key: ada.key, method: 'POST' })));
    await node.stop();
    const rows = await query(database, 'SELECT 1 FROM audit_log WHERE tenant_id = $1', [ada.tenantId]);
    expect(rows).toHaveLength(300);
  });
});
