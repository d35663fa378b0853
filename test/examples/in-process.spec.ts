import { execFile, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Migrator } from '../../src/index.js';
import { MIGRATIONS } from '../../migrations/index.js';
import { query, scratchDatabase } from '../support/database.js';
import { openShop, type Shop, slowCarrier } from '../support/shop.js';
import { until } from '../support/until.js';

const run = promisify(execFile);
const root = join(__dirname, '../..');

class Undo extends Error {}

describe('the example of an application that runs Muster in its own process', () => {
  let database: string;
  const shops: Shop[] = [];
  const open = async (...options: Parameters<typeof openShop> extends [string, ...infer Rest] ? Rest : never) => {
    const shop = await openShop(database, ...options);
    shops.push(shop);
    return shop;
  };

  beforeAll(async () => (database = await scratchDatabase()));
  afterEach(async () => {
    for (const shop of shops.splice(0)) await shop.close();
  });

  it('has both its order and the task after the commit', async () => {
    const shop = await open({ carrier: slowCarrier() });

    const { order, task } = await shop.orders.place('teapot', 1);

    expect(await shop.committed('SELECT status FROM orders WHERE id = $1', order.id)).toEqual([{ status: 'placed' }]);
    expect(await shop.committed('SELECT type FROM tasks WHERE id = $1', task.id)).toEqual([{ type: 'ship-order' }]);
  });

  it('has neither after a rollback, and no event of it', async () => {
    const shop = await open({ carrier: slowCarrier() });
    let [order, task] = ['', ''];

    const undone = shop.transactions.run({}, async () => {
      const placed = await shop.orders.place('teapot', 1);
      [order, task] = [placed.order.id, placed.task.id];
      expect(await shop.orders.get(order)).toMatchObject({ status: 'placed' });
      expect(await shop.task(task)).toMatchObject({ status: 'pending' });
      throw new Undo();
    });

    await expect(undone).rejects.toThrow(Undo);
    await expect(shop.orders.get(order)).rejects.toMatchObject({ code: 'not_found' });
    await expect(shop.task(task)).rejects.toMatchObject({ code: 'not_found' });
    expect(await shop.events(task)).toEqual([]);
  });

  it('ships an order, and completes its task in the same transaction', async () => {
    const carrier = slowCarrier();
    const shop = await open({ carrier });
    const { order, task } = await shop.orders.place('teapot', 1);

    const booking = await until(() => carrier.bookings[0]);
    expect(await shop.task(task.id)).toMatchObject({ status: 'in_progress', progress: 10 });
    booking.answer('PARCEL-1');

    await until(async () => (await shop.task(task.id)).status === 'completed');
    expect(await shop.task(task.id)).toMatchObject({ result: { trackingCode: 'PARCEL-1' } });
    expect(await shop.orders.get(order.id)).toMatchObject({ status: 'shipped', trackingCode: 'PARCEL-1' });
    expect(await shop.events(task.id)).toEqual(['task.created', 'task.claimed', 'task.progressed', 'task.completed']);
    // One transaction wrote both rows.
    const [rows] = await shop.committed<{ together: boolean }>(
      'SELECT o.xmin = t.xmin AS together FROM orders o, tasks t WHERE o.id = $1 AND t.id = $2',
      order.id,
      task.id,
    );
    expect(rows?.together).toBe(true);
  });

  it('tries a task again whose handler threw', async () => {
    const carrier = slowCarrier();
    const shop = await open({ carrier });
    const { order, task } = await shop.orders.place('teapot', 1);

    (await until(() => carrier.bookings[0])).refuse(new Error('No driver.'));
    (await until(() => carrier.bookings[1])).answer('PARCEL-2');

    await until(async () => (await shop.task(task.id)).status === 'completed');
    expect(await shop.orders.get(order.id)).toMatchObject({ trackingCode: 'PARCEL-2' });
    const [first] = await shop.tasks.attempts(shop.caller, task.id);
    expect(first).toMatchObject({ outcome: 'failed', error: { code: 'handler_failed', message: 'No driver.' } });
  });

  it('aborts the work on a task whose lease is lost, and refuses its late completion', async () => {
    const carrier = slowCarrier();
    const shop = await open({ carrier, worker: { leaseSeconds: 3 } });
    const { order, task } = await shop.orders.place('teapot', 1);

    const late = await until(() => carrier.bookings[0]);
    await shop.expire(task.id);
    const next = await until(() => carrier.bookings[1]);
    await until(() => late.signal.aborted);
    expect(late.signal.reason).toMatchObject({ why: 'lease_lost' });

    late.answer('PARCEL-LATE');
    await until(async () => (await shop.outcome('lost')) === 1);
    expect(next.signal.aborted).toBe(false);
    // The late one has written the order's row, and the fence has undone its transaction.
    expect(await shop.orders.get(order.id)).toMatchObject({ status: 'placed', trackingCode: null });
    next.answer('PARCEL-3');
    await until(async () => (await shop.task(task.id)).status === 'completed');
    expect(await shop.orders.get(order.id)).toMatchObject({ trackingCode: 'PARCEL-3' });
    const written = (await shop.events(task.id)).filter((type) => type !== 'task.progressed');
    expect(written).toEqual(['task.created', 'task.claimed', 'task.lease_expired', 'task.claimed', 'task.completed']);
  });

  it('gives back at its end what does not finish in time', async () => {
    const carrier = slowCarrier();
    const shop = await open({ carrier });
    const { order, task } = await shop.orders.place('teapot', 1);
    const { signal } = await until(() => carrier.bookings[0]);

    await shop.close();

    expect(signal.reason).toMatchObject({ why: 'shutdown' });
    const released = { status: 'pending', attempt: 0 };
    expect(await shop.committed('SELECT status, attempt FROM tasks WHERE id = $1', task.id)).toEqual([released]);

    const other = await open({ tenant: shop.tenant });
    await until(async () => (await other.task(task.id)).status === 'completed');
    expect(await other.orders.get(order.id)).toMatchObject({ status: 'shipped' });
    expect(await other.events(task.id)).toContain('task.released');
  });

  it('finishes at its end what can be finished in time', async () => {
    const carrier = slowCarrier();
    const shop = await open({ carrier, worker: { shutdownGraceMs: 10_000 } });
    const { task } = await shop.orders.place('teapot', 1);
    const { signal, answer } = await until(() => carrier.bookings[0]);

    const closed = shop.close();
    answer('PARCEL-4');
    await closed;

    expect(signal.aborted).toBe(false);
    expect(await shop.committed('SELECT status FROM tasks WHERE id = $1', task.id)).toEqual([{ status: 'completed' }]);
  });

  it('has what a killed process was at shipped by another one, once its lease is over', async () => {
    const tenant = `t-${randomUUID().slice(0, 18)}-shop`;
    const dying = fork(join(__dirname, '../support/shop-process.ts'), [database, tenant], {
      execArgv: ['-r', join(__dirname, '../support/run-ts.cjs')],
    });
    const [{ task, order }] = (await once(dying, 'message')) as [{ task: string; order: string }];
    dying.kill('SIGKILL');
    await once(dying, 'exit');

    const heir = await open({ tenant });

    await until(async () => (await heir.task(task)).status === 'completed');
    expect(await heir.orders.get(order)).toMatchObject({ status: 'shipped' });
    expect(await heir.task(task)).toMatchObject({ epoch: 2, attempt: 2 });
    expect(await heir.events(task)).toContain('task.lease_expired');
  });

  it('runs twice in one process, each with its own transactions and worker', async () => {
    const other = await openShop(await scratchDatabase());
    try {
      const shop = await open();
      await shop.transactions.run({}, async () => {
        const here = await shop.orders.place('teapot', 1);
        const there = await other.orders.place('kettle', 1);
        expect(await shop.committed('SELECT 1 FROM orders WHERE id = $1', here.order.id)).toEqual([]);
        await until(async () => (await other.orders.get(there.order.id)).status === 'shipped');
        await expect(shop.orders.get(there.order.id)).rejects.toMatchObject({ code: 'not_found' });
      });
      await until(async () => (await shop.tasks.list(shop.caller, { status: ['completed'] })).items.length === 1);
    } finally {
      await other.close();
    }
  });

  it('keeps its migrations apart from Muster’s, which stay complete', async () => {
    await open();

    expect(await query(database, 'SELECT name FROM shop_migrations')).toEqual([{ name: 'CreateOrders1764000000000' }]);
    const { pending } = await new Migrator({ url: database, migrations: MIGRATIONS }).status();
    expect(pending).toEqual([]);
  });

  it('runs by its documented command', async () => {
    const { stdout } = await run('npm', ['run', '--silent', 'example:in-process'], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: await scratchDatabase({ empty: true }) },
    });

    expect(stdout.match(/^shipped .* as PARCEL-/gm)).toHaveLength(3);
  });
});
