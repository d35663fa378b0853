import type { Agent } from '../../src/agents/index.js';
import type { Page } from '../../src/shared/http/index.js';
import { aTask, startGiven, type Tenant } from '../support/given.js';

type Scope = 'workspace' | 'type' | 'agent';

describe('a pause', () => {
  const given = startGiven({ nodes: 2 });

  const pause = ({ http }: Tenant, scope: Scope, subject: string, reason?: string) =>
    http.post('/v1/tasks/pause', { scope, subject, reason });
  const resume = ({ http }: Tenant, scope: Scope, subject: string) => http.post('/v1/tasks/resume', { scope, subject });
  /** What one more claim on the second node gives. */
  const claim2 = async ({ caller }: Tenant, { id: agentId }: Agent, more = {}) =>
    (await given.second.claims.claim(caller, { agentId, ...more })).map(({ task }) => task.id);
  const two = async () => {
    const tenant = await given.workspace({ agents: ['ada', 'bob'] });
    const { body: lab } = await tenant.http.post<{ id: string }>('/v1/workspaces', { name: 'lab' });
    const paused = [
      await tenant.task({ type: 'risky', workspaceId: lab.id }),
      await tenant.task({ type: 'risky', workspaceId: lab.id }),
    ];
    const free = await tenant.task();
    return { ...tenant, lab, paused: paused.map(({ id }) => id), free: free.id };
  };

  it.each(['workspace', 'type'] as const)(
    'of a %s keeps its tasks from being claimed, on every node, and nobody else’s',
    async (scope) => {
      const tenant = await two();
      const subject = scope === 'type' ? 'risky' : tenant.lab.id;

      expect(await pause(tenant, scope, subject, 'fire')).toMatchObject({
        status: 200,
        body: { scope, subject, reason: 'fire' },
      });

      expect(await claim2(tenant, tenant.ada, { limit: 9 })).toEqual([tenant.free]);
      expect(await tenant.claim(tenant.ada, { limit: 9 })).toEqual([]);
      expect((await resume(tenant, scope, subject)).status).toBe(204);
      expect(await claim2(tenant, tenant.ada, { limit: 9 })).toEqual(tenant.paused);
    },
  );

  it('of an agent keeps it from claiming, with a completion as well, and others go on', async () => {
    const tenant = await two();
    const [held] = await claim2(tenant, tenant.ada);
    await pause(tenant, 'agent', tenant.ada.id);

    expect(await claim2(tenant, tenant.ada)).toEqual([]);
    const next = await given.second.claims.completeAndClaim(tenant.caller, { taskId: held ?? '', epoch: 1 }, 'done', {
      agentId: tenant.ada.id,
    });
    expect([next.task.status, next.next]).toEqual(['completed', undefined]);
    expect(await claim2(tenant, tenant.bob)).toHaveLength(1);
  });

  it('holds for tasks that are assigned, and leaves what is held', async () => {
    const tenant = await two();
    const own = await tenant.task({ type: 'risky', assignedTo: tenant.bob.id });
    const [held] = await claim2(tenant, tenant.ada, { types: ['risky'] });
    await pause(tenant, 'type', 'risky');

    expect(await claim2(tenant, tenant.bob, { types: ['risky'], limit: 9 })).toEqual([]);
    const holding = { taskId: held ?? '', epoch: 1 };
    expect(await given.node.claims.heartbeat(tenant.caller, [holding])).toMatchObject([{ status: 'in_progress' }]);
    expect(await given.node.claims.complete(tenant.caller, holding)).toMatchObject({ status: 'completed' });
    await resume(tenant, 'type', 'risky');
    expect(await claim2(tenant, tenant.bob)).toEqual([own.id]);
  });

  it('is in force from its commit on: no claim that begins after it gets anything, while a fleet works', async () => {
    const tenant = await given.tenant();
    await given.node.tasks.createBatch(
      tenant.caller,
      Array.from({ length: 400 }, () => aTask()),
    );
    const agents = await Promise.all(Array.from({ length: 8 }, (_, n) => tenant.agent(`agent ${n}`)));
    let [paused, before, after, asked] = [false, 0, 0, 0];
    const work = async ({ id: agentId }: Agent, n: number) => {
      const { claims } = given.nodes[n % 2] ?? given.node;
      while (asked < 40) {
        const late = paused;
        const { length } = await claims.claim(tenant.caller, { agentId });
        if (late) [after, asked] = [after + length, asked + 1];
        else before += length;
      }
    };
    const stop = async () => {
      while (before < 20) await new Promise(setImmediate);
      await given.node.dispatch.pause(tenant.caller, { scope: 'workspace', subject: tenant.workspace.id });
      paused = true;
    };

    await Promise.all([...agents.map(work), stop()]);

    expect([before >= 20, before < 400, after]).toEqual([true, true, 0]);
  });

  it('wakes on its end a claim that waits on the other node', async () => {
    const tenant = await two();
    await pause(tenant, 'workspace', tenant.workspace.id);
    await pause(tenant, 'type', 'risky');
    const waiting = tenant.http2.post<{ leases: unknown[] }>('/v1/tasks/claim', {
      agentId: tenant.ada.id,
      waitSeconds: 20,
    });
    await resume(tenant, 'type', 'risky');
    expect((await waiting).body.leases).toHaveLength(1);
  });

  it('is listed a page at a time, each once and in one order', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const types = Array.from({ length: 7 }, (_, n) => `type${n}`);
    for (const type of types.toReversed()) await pause(tenant, 'type', type);
    await pause(tenant, 'agent', tenant.ada.id);

    const listed: string[] = [];
    for (let after = ''; ;) {
      const { status, body } = await tenant.http2.get<Page<{ subject: string }>>(`/v1/tasks/pauses?limit=3${after}`);
      expect([status, body.items.length <= 3]).toEqual([200, true]);
      listed.push(...body.items.map(({ subject }) => subject));
      if (!body.hasMore) break;
      after = `&after=${body.nextCursor}`;
    }
    expect(listed).toEqual([tenant.ada.id, ...types]);
    expect(await tenant.http.get('/v1/tasks/pauses?limit=0')).toMatchObject({ status: 400 });
    expect(await tenant.http.get('/v1/tasks/pauses?after=x')).toMatchObject({ status: 400 });
  });

  it('is listed, refused twice, and for what does not exist; it takes an admin', async () => {
    const tenant = await two();
    await pause(tenant, 'type', 'risky', 'fire');
    await pause(tenant, 'agent', tenant.ada.id);
    expect((await tenant.http2.get('/v1/tasks/pauses')).body).toMatchObject({
      items: [
        { scope: 'agent', subject: tenant.ada.id, reason: null },
        { scope: 'type', subject: 'risky', reason: 'fire', pausedBy: tenant.caller.actorId },
      ],
    });
    expect(await pause(tenant, 'type', 'risky')).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    expect(await resume(tenant, 'type', 'other')).toMatchObject({ status: 404 });
    expect(await pause(tenant, 'workspace', tenant.ada.id)).toMatchObject({ status: 404 });
    expect(await pause(tenant, 'agent', 'ada')).toMatchObject({ status: 400 });
    const writer = await fetch(`${given.node.url}/v1/tasks/pause`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await tenant.keyFor('write')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ scope: 'type', subject: 'x' }),
    });
    expect(writer.status).toBe(403);
  });
});
