import { aTask, startGiven } from '../support/given.js';
import { until } from '../support/until.js';

describe('claims over tasks of several kinds', () => {
  const given = startGiven({ nodes: 2 });

  it('take the best of all kinds in one order: priority, then readiness', async () => {
    const tenant = await given.tenant();
    const ada = await tenant.agent('ada', { capabilities: ['ts', 'sql'] });
    const { body: lab } = await tenant.http.post<{ id: string }>('/v1/workspaces', { name: 'lab' });
    const made = [];
    for (let n = 0; n < 24; n++) {
      made.push(
        await tenant.task({
          type: `type${n % 3}`,
          priority: n % 4 === 0 ? 'high' : 'normal',
          requiredCapabilities: [[], ['ts'], ['sql', 'ts']][n % 3] ?? [],
          ...(n % 2 === 0 && { workspaceId: lab.id }),
        }),
      );
    }
    const wanted = [...made.filter((_, n) => n % 4 === 0), ...made.filter((_, n) => n % 4 !== 0)].map(({ id }) => id);

    const taken: string[] = [];
    for (const limit of [1, 5, 1, 17]) {
      taken.push(...(await tenant.claim(ada, { limit })).map(({ task }) => task.id));
    }

    expect(taken).toEqual(wanted);
  });

  it('pass over the best of one kind while another transaction holds it, and take that of another kind', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const first = await tenant.task({ type: 'one' });
    const behind = [await tenant.task({ type: 'two' }), await tenant.task({ type: 'three' })];
    await using held = await given.second.transactions.begin();
    await held.query('SELECT id FROM tasks WHERE tenant_id = $1 AND id = $2 FOR UPDATE', [tenant.tenantId, first.id]);

    const taken = [...(await tenant.claim(tenant.ada)), ...(await tenant.claim(tenant.ada))];
    expect(taken.map(({ task }) => task.id).sort()).toEqual(behind.map(({ id }) => id).sort());
    expect(await tenant.claim(tenant.ada)).toEqual([]);
  });

  it('pass over as many as are held, and still fill what was asked for', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const first = [await tenant.task({ type: 'one' }), await tenant.task({ type: 'one' })];
    const behind = [
      await tenant.task({ type: 'two' }),
      await tenant.task({ type: 'two' }),
      await tenant.task({ type: 'one' }),
    ];
    await using held = await given.second.transactions.begin();
    await held.query('SELECT id FROM tasks WHERE tenant_id = $1 AND id = ANY ($2) FOR UPDATE', [
      tenant.tenantId,
      first.map(({ id }) => id),
    ]);

    const leases = await tenant.claim(tenant.ada, { limit: 3 });
    expect(leases.map(({ task }) => task.id).sort()).toEqual(behind.map(({ id }) => id).sort());
  });

  it('find a task under the kind that a change has given it', async () => {
    const tenant = await given.tenant();
    const [ada, bob] = [await tenant.agent('ada'), await tenant.agent('bob', { capabilities: ['sql'] })];
    const { id } = await tenant.task();

    await given.second.tasks.update(tenant.caller, id, 1, { requiredCapabilities: ['sql'] });

    expect(await tenant.claim(ada)).toEqual([]);
    expect((await tenant.claim(bob)).map(({ task }) => task.id)).toEqual([id]);
  });

  it('find a kind that was made by a transaction that was rolled back, when it is made again', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const undone = given.node.transactions.run({}, async () => {
      await tenant.task({ type: 'rare' });
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    const { id } = await tenant.task({ type: 'rare' });

    expect((await tenant.claim(tenant.ada)).map(({ task }) => task.id)).toEqual([id]);
  });

  it('are locked before tasks by a change that makes one, so that no other change waits for ever', async () => {
    const tenant = await given.tenant();
    const { id } = await tenant.task();
    await using other = await given.second.transactions.begin();
    // The lane that the change below needs, and then the task that it changes.
    await other.execute(() => given.second.tasks.create(tenant.caller, aTask({ requiredCapabilities: ['new'] })));
    const change = given.node.tasks.update(tenant.caller, id, 1, { requiredCapabilities: ['new'] });
    await until(async () => {
      const sql = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND $1 <> ''`;
      return (await tenant.rows(sql)).length > 0;
    }, 'the change waits for the lane');
    await other.query('SELECT id FROM tasks WHERE tenant_id = $1 AND id = $2 FOR UPDATE', [tenant.tenantId, id]);
    await other.commit();

    expect(await change).toMatchObject({ version: 2, requiredCapabilities: ['new'] });
  });
});
