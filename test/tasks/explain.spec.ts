import { randomUUID } from 'node:crypto';
import { AgentsService } from '../../src/agents/index.js';
import {
  type ClaimOptions,
  DispatchService,
  EdgesService,
  type ExplanationView,
  InputsService,
  InterventionsService,
  type Lease,
  type ReasonCode,
  type ReasonView,
  Sweeper,
} from '../../src/tasks/index.js';
import { startGiven, type Tenant } from '../support/given.js';
import { until } from '../support/until.js';

const HOUR = 3_600_000;

describe('GET /v1/tasks/{id}/explain', () => {
  const given = startGiven();
  const at = (ms: number): Date => new Date(Date.now() + ms);
  const held = ([lease]: Lease[]) => ({ taskId: lease?.task.id ?? '', epoch: lease?.epoch ?? 0 });

  const explain = async ({ http }: Tenant, { id }: { id: string }): Promise<ExplanationView> => {
    const { status, body } = await http.get<ExplanationView>(`/v1/tasks/${id}/explain`);
    expect(status).toBe(200);
    return body;
  };
  const codes = async (tenant: Tenant, task: { id: string }): Promise<ReasonCode[]> =>
    (await explain(tenant, task)).reasons.map(({ code }) => code);
  const why = async (tenant: Tenant, task: { id: string }, code: ReasonCode): Promise<ReasonView> => {
    const { reasons } = await explain(tenant, task);
    const found = reasons.find((reason) => reason.code === code);
    if (!found) throw new Error(`${code} is not among ${reasons.map((reason) => reason.code).join(', ')}`);
    return found;
  };
  const pause = (tenant: Tenant, scope: 'workspace' | 'type' | 'agent', subject: string) =>
    given.node.get(DispatchService).pause(tenant.caller, { scope, subject }, 'an incident');

  it('says of a ready task how many are before it in its lane, and that no agent is there', async () => {
    const tenant = await given.workspace({ tasks: 3 });
    const urgent = await tenant.task({ priority: 'high' });
    await tenant.task({ type: 'other', priority: 'critical' });
    const [, , third] = tenant.tasks;
    if (!third) throw new Error('three tasks were made');
    expect(await explain(tenant, third)).toMatchObject({
      taskId: third.id,
      status: 'pending',
      summary: 'The task is pending: it finds no agent.',
    });

    await tenant.agent('ada');

    expect(await why(tenant, third, 'ready')).toEqual({
      code: 'ready',
      message: 'It is ready, 3 ready tasks before it, and 1 active agent can do it now.',
      before: 3,
    });
    expect(await why(tenant, urgent, 'ready')).toMatchObject({ before: 0 });
  });

  it('tells waiting for a task that still runs from being held by one that failed, and names both', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const doomed = await tenant.task({ title: 'Doomed', maxAttempts: 1, priority: 'critical' });
    const [running] = tenant.tasks;
    const task = await tenant.task({
      dependsOn: [
        { taskId: running?.id ?? '', kind: 'waits_for' },
        { taskId: doomed.id, kind: 'conditional', outcome: 'completed' },
      ],
    });
    expect(await why(tenant, task, 'blocked')).toMatchObject({ count: 2 });

    const lease = held(await tenant.claim(tenant.ada));
    await given.node.claims.fail(tenant.caller, lease, { code: 'x', message: 'y' });

    const { summary, reasons } = await explain(tenant, task);
    expect(reasons).toEqual([
      {
        code: 'blocked',
        message: `It waits for 1 task to end: “Task 0” (${running?.id}, pending, waits_for).`,
        count: 1,
        blockers: [
          {
            taskId: running?.id,
            title: 'Task 0',
            status: 'pending',
            kind: 'waits_for',
            onFailure: 'hold',
            outcome: null,
          },
        ],
      },
      {
        code: 'held_by_blocker',
        message: `It is held by 1 task that ended otherwise than it needs, until that one is tried again and ends so, or the edge is removed: “Doomed” (${doomed.id}, failed, conditional).`,
        count: 1,
        blockers: [
          {
            taskId: doomed.id,
            title: 'Doomed',
            status: 'failed',
            kind: 'conditional',
            onFailure: 'hold',
            outcome: 'completed',
          },
        ],
      },
    ]);
    expect(summary).toMatch(/^The task is pending: it waits for 1 task to end.*; it is held by 1 task.*\.$/);

    await given.node.get(EdgesService).remove(tenant.caller, task.id, doomed.id, 'conditional');
    expect(await codes(tenant, task)).toEqual(['blocked']);
  });

  it('says until when a task is scheduled, and until when it waits after a failed attempt', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const runAt = at(HOUR);
    const scheduled = await tenant.task({ runAt });
    expect(await explain(tenant, scheduled)).toMatchObject({
      reasons: [{ code: 'scheduled', until: runAt.toISOString() }],
    });

    const task = await tenant.task({ retry: { backoff: 'linear', initialSeconds: 600, maxSeconds: 600 } });
    await given.node.claims.fail(tenant.caller, held(await tenant.claim(tenant.ada)), { code: 'x', message: 'y' });
    const { readyAt } = await tenant.get(task.id);
    expect(await explain(tenant, task)).toMatchObject({
      reasons: [
        {
          code: 'backoff',
          until: readyAt.toISOString(),
          attempt: 1,
          maxAttempts: 3,
          error: { code: 'x', message: 'y' },
        },
      ],
    });
  });

  it('tells agents that do not exist from those that are not active, paused or at capacity', async () => {
    const tenant = await given.tenant();
    const task = await tenant.task({ requiredCapabilities: ['Go', 'sql'] });
    await tenant.agent('other', { capabilities: ['go'] });
    expect(await explain(tenant, task)).toMatchObject({
      summary: 'The task is pending: it finds no agent that can do go, sql.',
      reasons: [{ code: 'no_capable_agent', requiredCapabilities: ['go', 'sql'], agents: { capable: 0 } }],
    });

    const ada = await tenant.agent('ada', { capabilities: ['go', 'sql', 'ts'], capacity: 1 });
    expect(await codes(tenant, task)).toEqual(['ready']);
    const other = await tenant.task({ requiredCapabilities: ['go', 'sql'], priority: 'high' });
    await tenant.claim(ada);
    expect(await why(tenant, task, 'capable_agents_full')).toMatchObject({
      message: 'It finds 1 active agent that can do go, sql, all holding as many tasks as they may.',
      agents: { capable: 1, active: 1, paused: 0, full: 1 },
    });
    expect(await codes(tenant, other)).toEqual(['held']);

    await pause(tenant, 'agent', ada.id);
    expect(await why(tenant, task, 'capable_agents_paused')).toMatchObject({
      agents: { active: 1, paused: 1, full: 0 },
    });
    await given.node.get(AgentsService).changeStatus(tenant.caller, ada.id, 'draining');
    expect(await why(tenant, task, 'capable_agents_not_active')).toMatchObject({ agents: { capable: 1, active: 0 } });
  });

  it('names the limit of a full concurrency key, and who runs', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const first = await tenant.task({ concurrencyKey: 'db' });
    const second = await tenant.task({ concurrencyKey: 'db' });
    expect(await codes(tenant, second)).toEqual(['ready']);
    await tenant.claim(tenant.ada);

    expect(await why(tenant, second, 'concurrency_key_full')).toMatchObject({
      message: 'It has the concurrency key db, of which 1 may run and 1 do.',
      concurrencyKey: 'db',
      limit: 1,
      count: 1,
      running: [{ taskId: first.id, agentId: tenant.ada.id }],
    });
  });

  it('says who paused its workspace and its type, and why', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const task = await tenant.task({ type: 'deploy' });
    await pause(tenant, 'workspace', tenant.workspace.id);
    await pause(tenant, 'type', 'deploy');

    expect(await explain(tenant, task)).toMatchObject({
      summary: 'The task is pending: it is in a workspace that is paused (an incident); it is of the type deploy, which is paused (an incident).', // prettier-ignore
      reasons: [
        { code: 'workspace_paused', by: tenant.caller.actorId, why: 'an incident' },
        { code: 'type_paused', by: tenant.caller.actorId, why: 'an incident' },
      ],
    });
  });

  it('says who holds it until when, and that its holder is asked to stop', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const claimed = await tenant.claim(tenant.ada);
    const task = { id: held(claimed).taskId };
    await given.node.get(InterventionsService).cancel(tenant.caller, task.id, { reason: 'too late' });

    const { leaseExpiresAt, timeoutAt } = await tenant.get(task.id);
    expect(await explain(tenant, task)).toMatchObject({
      status: 'in_progress',
      reasons: [
        {
          code: 'held',
          agentId: tenant.ada.id,
          epoch: 1,
          claimKind: 'agent',
          until: leaseExpiresAt?.toISOString(),
          timeoutAt: timeoutAt?.toISOString(),
        },
        { code: 'cancel_requested', why: 'too late' },
      ],
    });
  });

  it('says that a lease is over, and that a claim which is never taken away is overdue', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 2 });
    const hold = async (options: Partial<ClaimOptions>) => ({
      id: held(await tenant.claim(tenant.ada, options)).taskId,
    });
    const person = await hold({ claimKind: 'human', leaseSeconds: 1 });
    await until(async () => (await codes(tenant, person)).includes('overdue'));
    expect(await codes(tenant, person)).toEqual(['held', 'overdue']);

    const agent = await hold({ leaseSeconds: 1 });
    await until(async () => (await codes(tenant, agent)).some((code) => code === 'lease_over' || code === 'ready'));
  });

  it('says since when it awaits input, and what was asked', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const lease = held(await tenant.claim(tenant.ada));
    await given.node.get(InputsService).awaitInput(tenant.caller, lease, { question: 'Which one?' });

    const task = await tenant.get(lease.taskId);
    expect(await explain(tenant, task)).toMatchObject({
      status: 'awaiting_input',
      reasons: [
        {
          code: 'awaiting_input',
          since: expect.any(String) as string,
          agentId: tenant.ada.id,
          request: { question: 'Which one?' },
        },
      ],
    });
  });

  it('says what keeps the agent that it is assigned to', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const bob = await tenant.agent('bob', { capacity: 1 });
    const tasks = [await tenant.task({ assignedTo: bob.id }), await tenant.task({ assignedTo: bob.id })];
    const [task = { id: '' }] = tasks;
    expect(await codes(tenant, task)).toEqual(['assigned']);
    const [claimed] = await tenant.claim(bob);
    const other = tasks.find(({ id }) => id !== claimed?.task.id) ?? task;

    expect(await codes(tenant, other)).toEqual(['assigned', 'assigned_agent_full']);
    await pause(tenant, 'agent', bob.id);
    await given.node.get(AgentsService).changeStatus(tenant.caller, bob.id, 'maintenance');
    expect(await codes(tenant, other)).toEqual([
      'assigned',
      'assigned_agent_not_active',
      'assigned_agent_paused',
      'assigned_agent_full',
    ]);
    await given.node.get(AgentsService).delete(tenant.caller, bob.id);
    expect(await codes(tenant, other)).toEqual(['assigned', 'assigned_agent_gone']);
  });

  it('says how a task ended: attempts used up, not retryable, by a deadline, by the policy of an edge, or cancelled', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const used = await tenant.task({ maxAttempts: 1 });
    const failing = { taskId: used.id };
    const follows = await tenant.task({ dependsOn: [{ ...failing, onFailure: 'fail' }] });
    const skips = await tenant.task({ dependsOn: [{ ...failing, onFailure: 'skip' }] });
    await given.node.claims.fail(tenant.caller, held(await tenant.claim(tenant.ada)), { code: 'x', message: 'No.' });
    expect(await explain(tenant, used)).toMatchObject({
      summary: 'The task is failed: it failed after attempt 1 of 1: none is left (No).',
      reasons: [{ code: 'attempts_used_up', attempt: 1, maxAttempts: 1, error: { code: 'x' } }],
    });
    expect(await codes(tenant, follows)).toEqual(['blocker_failed']);
    expect(await codes(tenant, skips)).toEqual(['skipped']);

    const final = await tenant.task();
    const lease = held(await tenant.claim(tenant.ada));
    await given.node.claims.fail(tenant.caller, lease, { code: 'x', message: 'y', retryable: false });
    expect(await codes(tenant, final)).toEqual(['not_retryable']);

    const done = await tenant.task();
    await given.node.claims.complete(tenant.caller, held(await tenant.claim(tenant.ada)));
    expect(await codes(tenant, done)).toEqual(['completed']);

    const unwanted = await tenant.task();
    await given.node.get(InterventionsService).cancel(tenant.caller, unwanted.id, { reason: 'no need' });
    expect(await explain(tenant, unwanted)).toMatchObject({ reasons: [{ code: 'cancelled', why: 'no need' }] });
  });

  it('tells a deadline that is near from one that has passed', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const task = await tenant.task({ deadline: at(HOUR), requiredCapabilities: ['x'] });
    expect(await codes(tenant, task)).toEqual(['no_capable_agent']);
    await tenant.rows(`UPDATE tasks SET created_at = created_at - interval '10 hours' WHERE tenant_id = $1`);
    expect(await codes(tenant, task)).toEqual(['no_capable_agent', 'deadline_near']);

    await tenant.rows(
      `UPDATE tasks SET deadline = now() - interval '1 second', due_at = now() - interval '1 second' WHERE tenant_id = $1`,
    );
    expect((await codes(tenant, task)).at(-1)).toBe('deadline_passed');
    await given.node.get(Sweeper).sweep();
    expect(await explain(tenant, task)).toMatchObject({ status: 'timeout', reasons: [{ code: 'deadline_passed' }] });
  });

  it('is 404 for a task that does not exist', async () => {
    const { http } = await given.tenant();
    const { status } = await http.get(`/v1/tasks/${randomUUID()}/explain`);
    expect(status).toBe(404);
  });
});
