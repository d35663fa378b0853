import { v7 as uuidv7 } from 'uuid';
import { AgentsService } from '../../src/agents/index.js';
import { PRIORITIES } from '../../src/tasks/index.js';
import { aTask, startGiven } from '../support/given.js';

const HOUR = 3_600_000;

describe('claiming tasks', () => {
  const given = startGiven();

  it('gives a task under a lease, with a new epoch, and says so in the log', async () => {
    const { caller, http, ada, tasks, events } = await given.workspace({ agents: ['ada'], tasks: 1 });
    const before = Date.now();

    const { status, body } = await http.post<{ leases: [{ leaseExpiresAt: string }] }>('/v1/tasks/claim', {
      agentId: ada.id,
      leaseSeconds: 30,
    });

    expect(status).toBe(200);
    expect(body).toMatchObject({
      leases: [
        {
          epoch: 1,
          task: {
            id: tasks[0]?.id,
            status: 'in_progress',
            assignedTo: ada.id,
            claimKind: 'agent',
            epoch: 1,
            attempt: 1,
            version: 2,
          },
        },
      ],
    });
    const until = Date.parse(body.leases[0].leaseExpiresAt);
    expect(until - before).toBeGreaterThan(25_000);
    expect(until - before).toBeLessThan(60_000);
    expect((await events.all()).at(-1)).toMatchObject({
      type: 'task.claimed',
      actorId: caller.actorId,
      data: { agentId: ada.id, epoch: 1, attempt: 1 },
    });
    expect((await http.post('/v1/tasks/claim', { agentId: ada.id })).body).toEqual({ leases: [] });
  });

  it('takes the most urgent first, and of those what has been ready for longest', async () => {
    const { ada, claim, caller } = await given.workspace({ agents: ['ada'] });
    const tasks = Array.from({ length: 15 }, (_, n) => aTask({ priority: PRIORITIES[(n * 2) % 5], title: `${n}` }));
    await given.node.tasks.createBatch(caller, tasks);

    const leases = await claim(ada, { limit: 15 });

    const titles = PRIORITIES.flatMap((priority) => tasks.filter((task) => task.priority === priority));
    expect(leases.map(({ task }) => task.title)).toEqual(titles.map(({ title }) => title));
  });

  it('takes one at a time in the same order', async () => {
    const { ada, claim, task } = await given.workspace({ agents: ['ada'] });
    for (const priority of PRIORITIES.toReversed())
      for (const n of [1, 2]) await task({ priority, title: `${priority} ${n}` });

    const titles: string[] = [];
    for (let n = 0; n < 10; n++) titles.push(...(await claim(ada)).map((lease) => lease.task.title));

    expect(titles).toEqual(PRIORITIES.flatMap((priority) => [`${priority} 1`, `${priority} 2`]));
  });

  it('gives only what the agent can do in whole', async () => {
    const { agent, claim, task } = await given.tenant();
    const needs = async (...requiredCapabilities: string[]) => (await task({ requiredCapabilities })).id;
    const ids = [await needs(), await needs('SQL'), await needs('go', 'sql'), await needs('go', 'sql', 'rust')];
    const able = await agent('able', { capabilities: ['sql', 'Go'] });
    const unable = await agent('unable');

    expect((await claim(able, { limit: 10 })).map((lease) => lease.task.id)).toEqual(ids.slice(0, 3));
    expect(await claim(unable, { limit: 10 })).toEqual([]);
  });

  it('gives only the types and workspaces that are asked for', async () => {
    const { http, ada, claim, task, workspace } = await given.workspace({ agents: ['ada'] });
    const { body: lab } = await http.post<{ id: string }>('/v1/workspaces', { name: 'lab' });
    const inLab = await task({ workspaceId: lab.id, type: 'test' });
    const inDefault = await task({ type: 'test' });
    await task({ type: 'deploy' });

    expect(await claim(ada, { types: ['none'], limit: 9 })).toEqual([]);
    expect(await claim(ada, { workspaceIds: [lab.id], types: ['deploy'], limit: 9 })).toEqual([]);
    const [one] = await claim(ada, { workspaceIds: [lab.id], limit: 9 });
    expect(one?.task.id).toBe(inLab.id);
    const [two, ...more] = await claim(ada, {
      types: ['test', 'none'],
      workspaceIds: [workspace.id, lab.id],
      limit: 9,
    });
    expect([two?.task.id, more]).toEqual([inDefault.id, []]);
    expect(await claim(ada, { limit: 9 })).toHaveLength(1);
  });

  it('gives as many as asked for, at most 256', async () => {
    const { http, ada, claim, caller } = await given.workspace({ agents: ['ada'] });
    await given.node.tasks.createBatch(
      caller,
      Array.from({ length: 260 }, () => aTask()),
    );

    expect(await claim(ada)).toHaveLength(1);
    expect(await claim(ada, { limit: 3 })).toHaveLength(3);
    expect(await claim(ada, { limit: 256 })).toHaveLength(256);
    for (const limit of [0, 257, 1.5, '1', null]) {
      const { status, body } = await http.post('/v1/tasks/claim', { agentId: ada.id, limit });
      expect({ status, body }).toMatchObject({ status: 400, body: { errors: [{ field: 'limit' }] } });
    }
    await expect(claim(ada, { limit: 257 })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('gives nothing before its time', async () => {
    const { ada, claim, task } = await given.workspace({ agents: ['ada'] });
    await task({ runAt: new Date(Date.now() + HOUR) });
    const due = await task({ runAt: new Date(Date.now() - HOUR) });

    expect((await claim(ada, { limit: 9 })).map((lease) => lease.task.id)).toEqual([due.id]);
  });

  it('gives what is assigned to its agent only, and before anything else', async () => {
    const { agent, claim, task } = await given.tenant();
    const [ada, bob] = [await agent('ada'), await agent('bob')];
    await task({ priority: 'critical' });
    const own = await task({ priority: 'backlog', assignedTo: ada.id });
    const waiting = await task({ assignedTo: ada.id, dependsOn: [{ taskId: own.id }] });

    expect((await claim(bob, { limit: 9 })).map((lease) => lease.task.assignedTo)).toEqual([bob.id]);
    await task();
    const [lease] = await claim(ada);
    expect(lease?.task).toMatchObject({ id: own.id, status: 'in_progress' });
    expect((await claim(bob, { limit: 9 })).map((one) => one.task.id)).not.toContain(waiting.id);
  });

  it('stays within the capacity of the agent', async () => {
    const { agent, claim, caller } = await given.tenant();
    await given.node.tasks.createBatch(
      caller,
      Array.from({ length: 10 }, () => aTask()),
    );
    const ada = await agent('ada', { capacity: 3 });

    const leases = await claim(ada, { limit: 10 });
    expect(leases).toHaveLength(3);
    expect(await claim(ada)).toEqual([]);
    await given.node.claims.complete(caller, { taskId: leases[0]?.task.id ?? '', epoch: 1 });
    expect(await claim(ada, { limit: 10 })).toHaveLength(1);
  });

  it('gives each of two claims of one agent what it asked for, at the same time', async () => {
    const { ada, claim, task } = await given.workspace({ agents: ['ada'] });
    await task({ priority: 'backlog', assignedTo: ada.id });
    await task({ priority: 'critical' });

    const [short, long] = await Promise.all([
      claim(ada, { leaseSeconds: 10 }),
      claim(ada, { leaseSeconds: 1_000, claimKind: 'human' }),
    ]);

    const terms = [short, long].map((leases) => leases.map((one) => [one.task.leaseSeconds, one.task.claimKind]));
    expect(terms).toEqual([[[10, 'agent']], [[1_000, 'human']]]);
  });

  it('gives nothing to an agent that is not active', async () => {
    const { http, ada, caller } = await given.workspace({ agents: ['ada'], tasks: 1 });
    await given.node.get(AgentsService).changeStatus(caller, ada.id, 'draining');

    expect(await http.post('/v1/tasks/claim', { agentId: ada.id })).toMatchObject({
      status: 409,
      body: { code: 'agent_not_active', agentStatus: 'draining' },
    });
  });

  it('answers 404 for an agent and a workspace that are not there', async () => {
    const { http, ada } = await given.workspace({ agents: ['ada'], tasks: 1 });
    const id = uuidv7();

    for (const body of [{ agentId: id }, { agentId: ada.id, workspaceIds: [id] }]) {
      expect(await http.post('/v1/tasks/claim', body)).toMatchObject({ status: 404, body: { id } });
      expect((await http.post('/v1/tasks/claim', body, { headers: { 'idempotency-key': 'x' } })).status).toBe(404);
    }
  });

  it('gives the same leases for the same Idempotency-Key', async () => {
    const { http, ada } = await given.workspace({ agents: ['ada'], tasks: 3 });
    const claim = () => http.post('/v1/tasks/claim', { agentId: ada.id }, { headers: { 'idempotency-key': 'k' } });

    const [first, again] = [await claim(), await claim()];

    expect(first.body).toMatchObject({ leases: [{ epoch: 1 }] });
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  it('finds its task behind 2,000 that the agent cannot do', async () => {
    const { ada, claim, caller, task } = await given.workspace({ agents: ['ada'] });
    const others = Array.from({ length: 2_000 }, () => aTask({ requiredCapabilities: ['sql'], priority: 'high' }));
    await given.node.tasks.createBatch(caller, others);
    const { id } = await task();

    expect((await claim(ada))[0]?.task.id).toBe(id);
  });
});
