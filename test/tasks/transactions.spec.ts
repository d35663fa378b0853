import { DomainError } from '../../src/shared/errors/index.js';
import { TasksRepository } from '../../src/tasks/index.js';
import { outcomes, startGiven } from '../support/given.js';

class Undo extends Error {}

describe('tasks in a transaction of the application', () => {
  const given = startGiven({ nodes: 2 });

  it('are gone with it, and so are their events, when it is rolled back', async () => {
    const { caller, task, rows, events, ada, claim } = await given.workspace({ agents: ['ada'] });
    const { transactions, tasks, claims } = given.node;

    const undone = transactions.run({}, async () => {
      const { id } = await task();
      await tasks.createBatch(caller, [{ type: 'x', title: 'y', dependsOn: [{ taskId: id }] }]);
      const [lease] = await claim(ada);
      await claims.progress(caller, { taskId: id, epoch: lease?.epoch ?? 0 }, { percent: 1 });
      throw new Undo();
    });

    await expect(undone).rejects.toThrow(Undo);
    for (const table of ['tasks', 'task_edges', 'task_attempts', 'event_outbox']) {
      expect(await rows(`SELECT 1 FROM ${table} WHERE tenant_id = $1`)).toEqual([]);
    }
    expect(await events.all()).toHaveLength(1);
  });

  it.each([undefined, 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'] as const)(
    'are made, claimed and completed in one of level %s, and seen by nobody before its commit',
    async (isolation) => {
      const { caller, task, rows, events, ada, claim, get } = await given.workspace({ agents: ['ada'] });
      const { transactions, claims, tasks } = given.node;

      const id = await transactions.run(isolation ? { isolation } : {}, async () => {
        const made = await task();
        await tasks.createBatch(caller, [{ type: 'x', title: 'next', dependsOn: [{ taskId: made.id }] }]);
        const held = { taskId: made.id, epoch: (await claim(ada))[0]?.epoch ?? 0 };
        await claims.heartbeat(caller, [held]);
        await claims.progress(caller, held, { percent: 50 });
        await claims.complete(caller, held, 'done');
        expect((await get(made.id)).status).toBe('completed');
        expect(await rows('SELECT 1 FROM tasks WHERE tenant_id = $1')).toEqual([]);
        return made.id;
      });

      expect(await given.second.tasks.get(caller, id)).toMatchObject({ status: 'completed', result: 'done' });
      const types = (await events.all()).map(({ type }) => type);
      // The batch's event is the service's own, which is written last before the commit.
      const own = ['task.created', 'task.claimed', 'task.progressed', 'task.completed', 'task.created'];
      expect(types).toEqual(['workspace.created', ...own]);
      expect(await rows('SELECT 1 FROM event_outbox WHERE tenant_id = $1')).toEqual([]);
      const [next] = await claim(ada);
      expect(next?.task.title).toBe('next');
    },
  );

  it('lose with a savepoint what came after it, and keep what came before', async () => {
    const { caller, task, ada, claim, events, get } = await given.workspace({ agents: ['ada'] });
    const { transactions, claims } = given.node;

    const id = await transactions.run({}, async () => {
      const kept = await task({ title: 'kept' });
      const [lease] = await claim(ada);
      const undone = transactions.run({ propagation: 'nested' }, async () => {
        await claims.complete(caller, { taskId: kept.id, epoch: lease?.epoch ?? 0 });
        await task({ title: 'gone' });
        throw new Undo();
      });
      await expect(undone).rejects.toThrow(Undo);
      await transactions.run({ propagation: 'nested' }, () => task({ title: 'kept too' }));
      return kept.id;
    });

    expect(await get(id)).toMatchObject({ status: 'in_progress', title: 'kept' });
    const log = await events.all();
    expect(log.map(({ type, data }) => [type, data?.title])).toEqual([
      ['workspace.created', undefined],
      ['task.created', 'kept'],
      ['task.claimed', undefined],
      ['task.created', 'kept too'],
    ]);
    expect(log.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  });

  it('join one opened by hand, through a bound repository [S4] [S5]', async () => {
    const { caller, tasks } = await given.workspace({ tasks: 1 });
    const id = tasks[0]?.id ?? '';
    const repository = given.node.get(TasksRepository);

    {
      await using transaction = await repository.beginTx();
      const bound = repository.withTx(transaction);
      await bound.updateWithVersion(caller.tenantId, id, 1, { title: 'inside' });
      expect((await bound.get(caller.tenantId, id)).title).toBe('inside');
      expect((await bound.getForUpdate(caller.tenantId, id)).version).toBe(2);
      expect((await repository.get(caller.tenantId, id)).title).toBe('Task 0');
    }

    expect((await repository.get(caller.tenantId, id)).title).toBe('Task 0');
  });

  it('number their events without gap when serializable ones and others cross', async () => {
    const { caller, agent, events, rows } = await given.tenant();
    const agents = await Promise.all(Array.from({ length: 4 }, (_, n) => agent(`agent ${n}`)));
    const round = async (n: number): Promise<string> => {
      const { transactions, tasks, claims } = given.nodes[n % 2] ?? given.node;
      const options = n % 4 < 2 ? {} : ({ isolation: 'SERIALIZABLE', retries: 40 } as const);
      const run = () =>
        transactions.run(options, async () => {
          const { id } = await tasks.create(caller, { type: 'x', title: `${n}` });
          await claims.claim(caller, { agentId: agents[n % 4]?.id ?? '' });
          return id;
        });
      // Sixty want twenty connections: a slow server has some try again, as they are told.
      return run().catch((error: unknown) => {
        if (error instanceof DomainError && error.code === 'overloaded') return round(n);
        throw error;
      });
    };

    const results = await Promise.allSettled(Array.from({ length: 60 }, (_, n) => round(n)));

    expect(outcomes(results).filter((one) => one !== 'fulfilled')).toEqual([]);
    const log = await events.all();
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, n) => n + 1));
    const created = log.filter(({ type }) => type === 'task.created');
    expect(new Set(created.map(({ subjectId }) => subjectId)).size).toBe(60);
    expect(await rows('SELECT 1 FROM event_outbox WHERE tenant_id = $1')).toEqual([]);
  });
});
