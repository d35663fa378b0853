import {
  type ArgumentsHost,
  Body,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Header,
  HttpCode,
  Injectable,
  Param,
  Patch,
  Post,
  Redirect,
  Res,
  StreamableFile,
  UseFilters,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { type Caller, CurrentCaller, RequireScope } from '../../src/shared/auth/index.js';
import { AggregateRepository, Operation, Persistence, Transactions } from '../../src/shared/database/index.js';
import { Conflict, SerializationConflict } from '../../src/shared/errors/index.js';
import { IfMatch } from '../../src/shared/http/index.js';
import {
  IdempotencyContext,
  IdempotencyService,
  type IdempotencyRequest,
  IdempotentByHand,
} from '../../src/shared/idempotency/index.js';
import { type AuthApp, type Customer, json, startAuthApp } from '../support/auth-app.js';
import { connected, nameOf, query, scratchDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const TABLE = 'CREATE TABLE payments (tenant_id uuid, id uuid DEFAULT gen_random_uuid(), amount int)';

@Injectable()
class PaymentsRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  @Operation()
  async add(tenantId: string, amount: number): Promise<{ id: string }> {
    const sql = 'INSERT INTO payments (tenant_id, amount) VALUES ($1, $2) RETURNING id';
    return (await this.query<{ id: string }>(sql, [tenantId, amount]))[0] as { id: string };
  }
}

/** What the tests do to the handler while it runs. */
class Door {
  /** Handlers wait here. */
  gate: Promise<void> = Promise.resolve();
  inside = 0;
  runs = 0;
  conflicts = 0;
  fail: Error | undefined;
  ready = false;
}

class Teapot extends Error {}

/** Filters as applications write them. */
@Catch(Teapot)
class TeapotFilter implements ExceptionFilter {
  catch(_error: Teapot, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<FastifyReply>().code(418).send({ teapot: true });
  }
}

@Catch(Teapot)
class TeapotByAdapterFilter implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_error: Teapot, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse<FastifyReply>(), { teapot: true }, 418);
  }
}

@Controller('v1/payments')
@RequireScope('write')
class PaymentsController {
  constructor(
    private readonly payments: PaymentsRepository,
    private readonly transactions: Transactions,
    private readonly door: Door,
    private readonly idempotency: IdempotencyService,
  ) {}

  @Post()
  async pay(
    @CurrentCaller() caller: Caller,
    @Body() body: { amount: number },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    this.door.runs++;
    const payment = await this.payments.add(caller.tenantId, body.amount);
    this.door.inside++;
    await this.door.gate;
    if (this.door.fail) throw this.door.fail;
    if (this.door.conflicts-- > 0) throw new SerializationConflict('pay', { cause: undefined });
    reply.headers({ location: `/v1/payments/${payment.id}`, etag: '"1"', 'x-other': 'not kept' });
    return { ...payment, amount: body.amount, inTransaction: Boolean(this.transactions.current()) };
  }

  @Patch(':id')
  async change(@Param('id') id: string, @IfMatch() version: number): Promise<object> {
    this.door.runs++;
    return { id, version };
  }

  @Post('silent')
  @HttpCode(204)
  async silent(@CurrentCaller() caller: Caller): Promise<void> {
    await this.payments.add(caller.tenantId, 0);
  }

  @Post('redirected')
  @Redirect('/elsewhere', 303)
  async redirected(@CurrentCaller() caller: Caller): Promise<void> {
    await this.payments.add(caller.tenantId, 0);
  }

  @Post('big')
  async big(@CurrentCaller() caller: Caller, @Body() { size }: { size: number }): Promise<object> {
    await this.payments.add(caller.tenantId, 0);
    return { text: 'x'.repeat(size) };
  }

  @Post('text')
  @Header('content-type', 'text/csv')
  async text(): Promise<string> {
    return `id\n${++this.door.runs}\n`;
  }

  @Post('stream')
  async stream(@CurrentCaller() caller: Caller): Promise<StreamableFile> {
    await this.payments.add(caller.tenantId, 0);
    return new StreamableFile(Buffer.from('x'));
  }

  @Post('filtered')
  @UseFilters(TeapotFilter)
  async filtered(@CurrentCaller() caller: Caller): Promise<void> {
    await this.payments.add(caller.tenantId, 0);
    throw new Teapot();
  }

  @Post('filtered-by-adapter')
  @UseFilters(TeapotByAdapterFilter)
  async filteredByAdapter(@CurrentCaller() caller: Caller): Promise<void> {
    return this.filtered(caller);
  }

  @Post('wait')
  @IdempotentByHand()
  async wait(
    @CurrentCaller() caller: Caller,
    @IdempotencyContext() request: IdempotencyRequest | undefined,
  ): Promise<object> {
    const look = () => this.idempotency.run(request, () => this.look(caller));
    return (await look()) ?? { nothing: true };
  }

  private async look(caller: Caller): Promise<{ id: string } | undefined> {
    const payment = await this.payments.add(caller.tenantId, 1);
    return this.door.ready ? payment : undefined;
  }

  @Get()
  async list(): Promise<object> {
    return { runs: ++this.door.runs };
  }
}

describe('requests with an Idempotency-Key', () => {
  let database: string;
  let app: AuthApp;
  let door: Door;
  let ada: Customer;

  const start = () =>
    startAuthApp({ database, controllers: [PaymentsController], providers: [PaymentsRepository, Door] });
  const send = (key: string | undefined, body: unknown = { amount: 7 }, path = '', more = {}) =>
    app.call(`/v1/payments${path}`, {
      key: ada.key,
      method: 'POST',
      body,
      ...more,
      headers: { ...(key !== undefined && { 'idempotency-key': key }) },
    });
  const effects = async () =>
    (await query(database, 'SELECT 1 FROM payments WHERE tenant_id = $1', [ada.tenantId])).length;
  const records = () =>
    query(database, 'SELECT key, status FROM idempotency_keys WHERE tenant_id = $1', [ada.tenantId]);

  beforeAll(async () => {
    database = await scratchDatabase();
    await query(database, TABLE);
    app = await start();
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    door = app.get(Door);
    Object.assign(door, new Door());
    ada = await app.customer();
  });

  it('give the first answer again, to the byte', async () => {
    const first = await send('k1');
    const second = await send('k1');

    expect([first.status, second.status]).toEqual([201, 201]);
    for (const header of ['etag', 'location', 'content-type']) {
      expect(second.headers.get(header)).toBe(first.headers.get(header));
      expect(first.headers.get(header)).not.toBeNull();
    }
    expect([first.headers.get('idempotency-replayed'), second.headers.get('idempotency-replayed')]).toEqual([
      null,
      'true',
    ]);
    expect(await second.text()).toBe(await first.text());
    expect(await effects()).toBe(1);
  });

  it('have their effect once, when a hundred of them come at the same time', async () => {
    const responses = await Promise.all(Array.from({ length: 100 }, () => send('k1')));
    const answered = responses.filter(({ status }) => status === 201);
    const running = responses.filter(({ status }) => status === 409);

    expect(answered.length + running.length).toBe(100);
    expect(answered.length).toBeGreaterThan(0);
    expect(new Set(await Promise.all(answered.map((response) => response.text()))).size).toBe(1);
    for (const response of running) {
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await json(response)).toMatchObject({ code: 'idempotency_in_progress' });
    }
    expect(await effects()).toBe(1);
    expect((await send('k1')).headers.get('idempotency-replayed')).toBe('true');
  });

  it('have their effect once without the advisory lock too, which another server would not share', async () => {
    // A transaction that holds nothing but the record: what a node on another server of a cluster looks like.
    const waiting = await connected(database, async (client) => {
      await client.query('BEGIN');
      await client.query(
        `INSERT INTO idempotency_keys (tenant_id, actor_id, key, fingerprint, status, headers, body, expires_at)
         SELECT $1, $2, 'k1', fingerprint, status, headers, body, expires_at FROM (
           SELECT sha256('other') AS fingerprint, 201 AS status, '{}'::jsonb AS headers, '{}' AS body,
             now() + interval '1 day' AS expires_at) r`,
        [ada.tenantId, ada.tenantId],
      );
      const response = send('k1');
      const blocked = `SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'`;
      await until(async () => (await query(database, blocked, [nameOf(database)])).length > 0);
      await client.query('COMMIT');
      return response;
    });
    expect(waiting.status).toBe(422);
    expect(await effects()).toBe(0);
  });

  it('are answered at once while the first is running', async () => {
    let open: () => void = () => undefined;
    door.gate = new Promise((resolve) => (open = resolve));
    const first = send('k1');
    await until(() => door.inside === 1);

    const second = await send('k1');
    expect(second.status).toBe(409);
    expect(await json(second)).toMatchObject({ code: 'idempotency_in_progress' });
    open();
    expect((await first).status).toBe(201);
    expect(door.runs).toBe(1);
  });

  it.each([
    ['another body', () => send('k1', { amount: 8 })],
    ['another route', () => send('k1', { amount: 7 }, '/silent')],
    ['another query', () => send('k1', { amount: 7 }, '?dry=true')],
    ['another method', () => send('k1', { amount: 7 }, '/x', { method: 'PATCH' })],
  ])('are refused with %s', async (_what, repeat) => {
    await send('k1');
    const response = await repeat();
    expect(response.status).toBe(422);
    expect(await json(response)).toMatchObject({ code: 'idempotency_key_reused', key: 'k1' });
    expect(await effects()).toBe(1);
  });

  it('are refused with another version', async () => {
    const change = (version: number) =>
      app.call('/v1/payments/1', {
        key: ada.key,
        method: 'PATCH',
        body: {},
        headers: { 'idempotency-key': 'k1', 'if-match': `"${version}"` },
      });
    expect((await change(1)).status).toBe(200);
    expect((await change(1)).status).toBe(200);
    expect((await change(2)).status).toBe(422);
    expect(door.runs).toBe(1);
  });

  it('are the same body when its members come in another order', async () => {
    await send('k1', { amount: 7, note: { a: 1, b: 2 } });
    const again = await send('k1', { note: { b: 2, a: 1 }, amount: 7 });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  it('belong to their caller: another actor, and another tenant, has the same key for itself', async () => {
    const eve = await app.customer();
    const bob = await app.keyFor(ada, ['write']);
    const keys = [ada.key, bob.secret, eve.key];
    const answers = await Promise.all(keys.map((key) => send('k1', { amount: 7 }, '', { key })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(door.runs).toBe(3);
  });

  it('are refused to a key that may not call the route, though its actor made the first', async () => {
    const [writes, reads] = await Promise.all([
      app.keyFor(ada, ['write'], { actorId: 'bob' }),
      app.keyFor(ada, ['read'], { actorId: 'bob' }),
    ]);
    expect((await send('k1', { amount: 7 }, '', { key: writes.secret })).status).toBe(201);
    expect((await send('k1', { amount: 7 }, '', { key: reads.secret })).status).toBe(403);
  });

  it('keep a redirect as any other answer', async () => {
    for (const replayed of [null, 'true']) {
      const { status, headers } = await send('k1', { amount: 7 }, '/redirected', { redirect: 'manual' });
      expect([status, headers.get('location'), headers.get('idempotency-replayed')]).toEqual([
        303,
        '/elsewhere',
        replayed,
      ]);
    }
    expect(await effects()).toBe(1);
  });

  it.each(['/filtered', '/filtered-by-adapter'])(
    'keep nothing of what a filter answers for an error: %s',
    async (path) => {
      const refused = await send('k1', { amount: 7 }, path);
      expect([refused.status, await refused.json()]).toEqual([418, { teapot: true }]);
      expect([await effects(), await records()]).toEqual([0, []]);
    },
  );

  it('survive a restart', async () => {
    const first = await (await send('k1')).text();
    await app.stop();
    app = await start();
    const again = await send('k1');
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await again.text()).toBe(first);
    expect(await effects()).toBe(1);
  });

  it('keep nothing of a refusal, so that a repeat runs again', async () => {
    door.fail = new Conflict('not_now', 'Not now.');
    expect((await send('k1')).status).toBe(409);
    expect([await effects(), await records()]).toEqual([0, []]);

    door.fail = undefined;
    const again = await send('k1');
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, null]);
    expect(await effects()).toBe(1);
  });

  it('keep nothing when the connection is killed before the commit', async () => {
    let open: () => void = () => undefined;
    door.gate = new Promise((resolve) => (open = resolve));
    const first = send('k1');
    await until(() => door.inside === 1);
    const idle = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND state = 'idle in transaction'`;
    expect(await query(database, idle, [nameOf(database)])).toHaveLength(1);
    open();

    expect((await first).status).toBe(503);
    expect([await effects(), await records()]).toEqual([0, []]);
    door.gate = Promise.resolve();
    expect((await send('k1')).status).toBe(201);
    expect(await effects()).toBe(1);
  });

  it('run again as a whole after a deadlock or a serialisation failure', async () => {
    door.conflicts = 2;
    expect((await send('k1')).status).toBe(201);
    expect([door.runs, await effects()]).toEqual([3, 1]);
  });

  it('repeat an answer without a body', async () => {
    for (const replayed of [null, 'true']) {
      const response = await send('k1', {}, '/silent');
      expect([response.status, await response.text()]).toEqual([204, '']);
      expect(response.headers.get('idempotency-replayed')).toBe(replayed);
    }
    expect(await effects()).toBe(1);
  });

  it('repeat a text as the text it was', async () => {
    const [first, second] = [await send('k1', {}, '/text'), await send('k1', {}, '/text')];
    expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect([await first.text(), await second.text()]).toEqual(['id\n1\n', 'id\n1\n']);
  });

  it('keep large answers up to a limit, and undo what they could not answer twice', async () => {
    expect((await send('large', { size: 3_000_000 }, '/big')).status).toBe(201);
    expect((await (await send('large', { size: 3_000_000 }, '/big')).text()).length).toBe(3_000_011);

    const refused = await send('k1', { size: 9_000_000 }, '/big');
    expect(refused.status).toBe(413);
    expect(await json(refused)).toMatchObject({ code: 'idempotent_answer_too_large' });
    expect(await effects()).toBe(1);
  });

  it('undo a change whose answer is a stream, which cannot be repeated', async () => {
    expect((await send('k1', {}, '/stream')).status).toBe(500);
    expect(await effects()).toBe(0);
  });

  it('keep nothing of a look that found nothing', async () => {
    expect(await json(send('k1', {}, '/wait'))).toEqual({ nothing: true });
    expect([await effects(), await records()]).toEqual([0, []]);

    door.ready = true;
    const first = await json(send('k1', {}, '/wait'));
    const second = await send('k1', {}, '/wait');
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await json(second)).toEqual(first);
    expect(await effects()).toBe(1);
  });

  it('without a key run each time, and in no transaction', async () => {
    const answers = [await json(send(undefined)), await json(send(undefined))];
    expect(answers.map(({ inTransaction }) => inTransaction)).toEqual([false, false]);
    expect(await json(send('k1'))).toMatchObject({ inTransaction: true });
    expect(await effects()).toBe(3);
  });

  it('that only read are not repeated from memory', async () => {
    const get = () => app.call('/v1/payments', { key: ada.key, headers: { 'idempotency-key': 'k1' } });
    expect([await json(get()), await json(get())]).toEqual([{ runs: 1 }, { runs: 2 }]);
  });

  it.each(['', 'x'.repeat(256), 'smörgås'])('are refused with the key %j', async (key) => {
    const response = await send(key);
    expect(response.status).toBe(400);
    expect(await json(response)).toMatchObject({ errors: [{ field: 'Idempotency-Key' }] });
    expect(await effects()).toBe(0);
  });

  it('are forgotten after a day: the key is free again, and the record is deleted in bounded steps', async () => {
    for (const key of ['k1', 'k2', 'k3', 'k4']) await send(key);
    const expire = `UPDATE idempotency_keys SET expires_at = now() - interval '1 second' WHERE tenant_id = $1 AND key <> 'k4'`;
    await query(database, expire, [ada.tenantId]);

    expect((await send('k1', { amount: 9 })).status).toBe(201);
    expect(await effects()).toBe(5);

    const service = app.get(IdempotencyService);
    expect([await service.purgeExpired(1), await service.purgeExpired(5), await service.purgeExpired(5)]).toEqual([
      1, 1, 0,
    ]);
    expect((await records()).map(({ key }) => key).sort()).toEqual(['k1', 'k4']);
  });

  it('are forgotten by the upkeep of any node, without a word from anybody', async () => {
    for (const key of ['k1', 'k2']) await send(key);
    await query(database, `UPDATE idempotency_keys SET expires_at = now() WHERE key = 'k1'`);
    const node = await startAuthApp({ database, upkeep: { intervalMs: 20 } });
    await until(async () => (await records()).length === 1);
    await node.stop();
  });
});
