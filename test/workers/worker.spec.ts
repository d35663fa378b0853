import { Injectable, Scope, type Type } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import {
  AgentsService,
  type Caller,
  ClaimsService,
  type JsonValue,
  type Task,
  type TaskContext,
  TaskFailure,
  TaskHandler,
  type TaskMethod,
  Transactional,
  Transactions,
} from '../../src/index.js';
import { query, workerDatabase } from '../support/database.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { aTenant, startWorkerApp, type WorkerApp } from '../support/worker-app.js';

/** A provider that handles tasks of type `work` by a function of the test. */
function handling(work: TaskMethod, options?: { concurrency?: number }): Type {
  @Injectable()
  class Handling {
    @TaskHandler('work', options)
    handle(task: Task, context: TaskContext): Promise<JsonValue | void> {
      return work(task, context);
    }
  }
  return Handling;
}

describe('a worker', () => {
  let caller: Caller;
  const apps: WorkerApp[] = [];
  const start = async (handlers: Type | Type[], options?: Parameters<typeof startWorkerApp>[2]) => {
    const app = await startWorkerApp(caller, [handlers].flat(), options);
    apps.push(app);
    return app;
  };

  beforeEach(async () => (caller = await aTenant()));
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close();
  });

  it('completes a task with what its handler returns', async () => {
    const app = await start(handling(async ({ parameters }) => ({ twice: Number(parameters.n) * 2 })));

    const { id } = await app.create({ parameters: { n: 21 } });

    expect(await app.when(id, 'completed')).toMatchObject({ result: { twice: 42 }, attempt: 1 });
    await until(async () => (await app.outcome('completed')) === 1);
  });

  it('completes with null what its handler says nothing about', async () => {
    const app = await start(handling(() => Promise.resolve()));

    expect(await app.when((await app.create()).id, 'completed')).toMatchObject({ result: null });
  });

  it('leaves alone what it has no handler for', async () => {
    const app = await start(handling(() => Promise.resolve()));
    const other = await app.create({ type: 'other' });

    await app.when((await app.create()).id, 'completed');

    expect(await app.get(other.id)).toMatchObject({ status: 'pending', epoch: 0 });
  });

  it('runs no more at once than it may, in all and of each type', async () => {
    const running = { work: 0, rare: 0, most: 0, mostRare: 0 };
    const work = async (type: 'work' | 'rare'): Promise<void> => {
      running[type]++;
      running.most = Math.max(running.most, running.work + running.rare);
      running.mostRare = Math.max(running.mostRare, running.rare);
      await pause(30);
      running[type]--;
    };
    @Injectable()
    class Rare {
      @TaskHandler('rare', { concurrency: 1 })
      rare(): Promise<void> {
        return work('rare');
      }
    }
    const app = await start([handling(() => work('work')), Rare], { worker: { concurrency: 3 } });

    const tasks = await app.tasks.createBatch(
      caller,
      Array.from({ length: 30 }, (_, n) => ({ type: n % 2 ? 'work' : 'rare', title: `${n}` })),
    );

    await until(async () => (await app.outcome('completed')) === tasks.length);
    expect(running).toMatchObject({ work: 0, rare: 0, most: 3, mostRare: 1 });
    expect(app.worker.busy).toBe(0);
  });

  it('keeps the leases of all that runs by one heartbeat every third of their time', async () => {
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const began = performance.now();
    const app = await start(
      handling(() => finished),
      { worker: { leaseSeconds: 1 } },
    );
    const tasks = await Promise.all([app.create(), app.create(), app.create()]);
    await until(() => app.worker.busy === 3);
    // Three times as long as the lease.
    await until(() => performance.now() - began > 3_000);
    finish();

    for (const { id } of tasks) expect(await app.when(id, 'completed')).toMatchObject({ epoch: 1 });
    const text = await app.metrics.registry.getSingleMetricAsString('muster_operation_duration_seconds');
    const calls = Number(/count{operation="claims.heartbeat"} (\d+)/.exec(text)?.[1]);
    expect(calls).toBeGreaterThan(3);
    expect(calls).toBeLessThanOrEqual((performance.now() - began) / 333);
  });

  it('fails an attempt as the handler says', async () => {
    const app = await start(
      handling(() => Promise.reject(new TaskFailure('no_stock', 'Sold out.', { retryable: false }))),
    );

    const failed = await app.when((await app.create()).id, 'failed');

    expect(failed).toMatchObject({ attempt: 1, error: { code: 'no_stock', message: 'Sold out.' } });
  });

  it('fails for good a task whose result is refused', async () => {
    const app = await start(handling(() => Promise.resolve('x'.repeat(300_000))));

    const failed = await app.when((await app.create()).id, 'failed');

    expect(failed).toMatchObject({ attempt: 1, error: { code: 'invalid_input' } });
  });

  it('shows progress at once, also from within a transaction that is undone', async () => {
    let seen: unknown;
    @Injectable()
    class Handling {
      @TaskHandler('work')
      @Transactional()
      async handle({ id }: Task, context: TaskContext): Promise<void> {
        await context.progress(40, 'Half way', { pages: 2 });
        const sql = 'SELECT progress, progress_message, partial_result FROM tasks WHERE id = $1';
        [seen] = await query(workerDatabase(), sql, [id]);
        throw new TaskFailure('enough', 'Undone.', { retryable: false });
      }
    }
    const app = await start(Handling);

    await app.when((await app.create()).id, 'failed');

    expect(seen).toEqual({ progress: 40, progress_message: 'Half way', partial_result: { pages: 2 } });
  });

  it('commits with the handler’s transaction a completion that is made in it, however decorators stand', async () => {
    @Injectable()
    class Handling {
      constructor(private readonly transactions: Transactions) {}

      @Transactional()
      @TaskHandler('work')
      async handle(_task: Task, context: TaskContext): Promise<void> {
        await context.complete({ by: 'handler' });
        expect(this.transactions.current()?.active).toBe(true);
        await expect(context.progress(50)).rejects.toMatchObject({ code: 'invalid_transaction' });
      }
    }
    const app = await start(Handling);

    expect(await app.when((await app.create()).id, 'completed')).toMatchObject({ result: { by: 'handler' } });
    await until(async () => (await app.outcome('completed')) === 1);
  });

  it('does not take for completed what was undone, though the handler returned', async () => {
    @Injectable()
    class Handling {
      constructor(private readonly transactions: Transactions) {}

      @TaskHandler('work')
      async handle(_task: Task, context: TaskContext): Promise<void> {
        const undone = this.transactions.run({}, async () => {
          await context.complete();
          throw new Error('Undo.');
        });
        await undone.catch(() => undefined);
      }
    }
    const app = await start(Handling);

    const failed = await app.when((await app.create({ maxAttempts: 1 })).id, 'failed');

    expect(failed.error).toMatchObject({ code: 'completion_undone' });
  });

  it('lets a handler complete again after a completion that was undone', async () => {
    @Injectable()
    class Handling {
      private runs = 0;
      constructor(private readonly transactions: Transactions) {}

      @TaskHandler('work')
      async handle(_task: Task, context: TaskContext): Promise<void> {
        const finish = (): Promise<unknown> =>
          this.transactions.run({}, async () => {
            await context.complete(this.runs);
            if (this.runs++ === 0) throw new Error('Undo.');
          });
        await finish().catch(finish);
      }
    }
    const app = await start(Handling);

    expect(await app.when((await app.create()).id, 'completed')).toMatchObject({ result: 1, attempt: 1 });
  });

  it('writes the completion when the database is back', async () => {
    const proxy = await TcpProxy.start(workerDatabase());
    const app = await start(
      handling(async () => {
        await proxy.stop();
        return 'done';
      }),
      { databaseUrl: proxy.url, worker: { leaseSeconds: 30 } },
    );
    const { id } = await app.create({ maxAttempts: 1 });
    await until(() => app.lines.length > 0);
    await proxy.open();

    const sql = "SELECT result, attempt FROM tasks WHERE id = $1 AND status = 'completed'";
    const row = await until(async () => (await query(workerDatabase(), sql, [id]))[0]);
    expect(row).toEqual({ result: 'done', attempt: 1 });
    await apps.pop()?.close();
    await proxy.stop();
  });

  it('registers its agent again when somebody has deleted it', async () => {
    const app = await start(handling(() => Promise.resolve()));
    const agents = app.app.get(AgentsService);
    const [first] = (await agents.list(caller)).items;

    await agents.delete(caller, first?.id ?? '');
    const { id } = await app.create();

    const { assignedTo } = await app.when(id, 'completed');
    expect(assignedTo).not.toBe(first?.id);
  });

  it('goes on when its agent is put back into service', async () => {
    const app = await start(handling(() => Promise.resolve()));
    const agents = app.app.get(AgentsService);
    const agentId = (await agents.list(caller)).items[0]?.id ?? '';

    await agents.changeStatus(caller, agentId, 'draining');
    const { id } = await app.create();
    await until(() => app.lines.some(({ msg }) => msg === 'tasks could not be claimed and will be asked for again'));
    expect(await app.get(id)).toMatchObject({ status: 'pending' });

    await agents.changeStatus(caller, agentId, 'active');
    await app.when(id, 'completed');
  });

  it('aborts the work that somebody else has ended', async () => {
    const signals: AbortSignal[] = [];
    const app = await start(
      handling(async (_task, { signal }) => {
        signals.push(signal);
        await pause(60_000, undefined, { signal });
      }),
      { worker: { leaseSeconds: 1 } },
    );
    const { id } = await app.create();
    await until(() => signals[0]);

    // By the operator, under the worker's own epoch.
    await app.app
      .get(ClaimsService)
      .fail(caller, { taskId: id, epoch: 1 }, { code: 'x', message: '', retryable: false });

    await until(() => signals[0]?.aborted);
    expect(signals[0]?.reason).toMatchObject({ name: 'WorkAborted', why: 'lease_lost' });
    await until(async () => (await app.outcome('lost')) === 1);
    expect(await app.get(id)).toMatchObject({ status: 'failed' });
  });

  describe('does not start', () => {
    @Injectable({ scope: Scope.REQUEST })
    class ForEachRequest {
      @TaskHandler('work')
      handle(): Promise<void> {
        return Promise.resolve();
      }
    }
    const fine = handling(() => Promise.resolve());

    it.each<[string, Type[], Partial<Parameters<typeof start>[1]>, object]>([
      ['without a handler', [], {}, { name: 'TypeError' }],
      ['with two for one type', [fine, handling(() => Promise.resolve())], {}, { name: 'TypeError' }],
      ['with one on a provider of requests', [ForEachRequest], {}, { name: 'TypeError' }],
      ['for an unknown tenant', [fine], { worker: { tenant: 'nobody' } }, { code: 'not_found' }],
      ['with no concurrency', [fine], { worker: { concurrency: 0 } }, { code: 'invalid_input' }],
    ])('%s', async (_, handlers, options, error) => {
      await expect(startWorkerApp(caller, handlers, options)).rejects.toMatchObject(error);
    });
  });
});
