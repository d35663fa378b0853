import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type AgentReports, MusterClient, type RunOptions, TaskFailure, type TaskHandler, type WorkAborted } from '@muster/client'; // prettier-ignore
import { startGiven, type Tenant } from '../support/given.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { answersIn, outboxFolders } from '../support/outbox-folders.js';

type Agents = AgentReports & { outbox?: string; name?: string; agentId?: string; url?: string };

describe('agent.run', () => {
  const given = startGiven({ nodes: 2 });
  const newFolder = outboxFolders();
  const QUIET = { onTrouble: () => undefined };

  /** Runs an agent; what it answers stops it. */
  function running(
    tenant: Tenant,
    handler: TaskHandler,
    { url, agentId, name = 'ada', ...agent }: Agents = {},
    options: RunOptions = {},
  ) {
    const stop = new AbortController();
    const client = new MusterClient({ url: url ?? given.node.url, key: tenant.key });
    const over = client
      .agent({ ...(agentId === undefined ? { name } : { id: agentId }), ...QUIET, ...agent })
      .run(handler, { leaseSeconds: 60, ...options, signal: stop.signal });
    // Tests that expect an error await it.
    over.catch(() => undefined);
    return {
      over,
      stop: () => stop.abort(),
      end: () => {
        stop.abort();
        return over;
      },
    };
  }

  const statusOf = async (tenant: Tenant, id: string): Promise<string> => (await tenant.get(id)).status;
  const whenTask = (tenant: Tenant, id: string, status: string) =>
    until(async () => (await statusOf(tenant, id)) === status, `${id} is ${status}`);

  it('[S162] completes each task once, with two agents on two nodes', async () => {
    const tenant = await given.workspace({ tasks: 40 });
    const handled: string[] = [];
    const agents = ['ada', 'bob'].map((name, index) => {
      const outbox = newFolder();
      const url = given.nodes[index]?.url ?? '';
      const handler: TaskHandler = async ({ id, title }) => {
        handled.push(id);
        return { title };
      };
      return { outbox, ...running(tenant, handler, { name, outbox, url }, { concurrency: 4, waitSeconds: 1 }) };
    });
    const open = `SELECT count(*)::int AS n FROM tasks WHERE tenant_id = $1 AND status <> 'completed'`;
    await until(async () => (await tenant.rows<{ n: number }>(open))[0]?.n === 0, 'all are completed');
    await Promise.all(agents.map((agent) => agent.end()));

    expect(handled.sort()).toEqual(tenant.tasks.map(({ id }) => id).sort());
    const types = (await tenant.events.all()).map(({ type }) => type);
    expect(types.filter((type) => type === 'task.completed')).toHaveLength(40);
    expect(agents.flatMap(({ outbox }) => answersIn(outbox))).toEqual([]);
    expect((await tenant.get(tenant.tasks[0]?.id ?? '')).result).toEqual({ title: 'Task 0' });
  });

  it('fails the attempt with what the handler throws', async () => {
    const tenant = await given.workspace({ tasks: 2 });
    const [again, never] = tenant.tasks;
    const handler: TaskHandler = async ({ id, attempt }) => {
      if (id === never?.id) throw new TaskFailure('no_stock', 'Sold out.', { retryable: false });
      if (attempt === 1) throw new Error('Not yet.');
      return 'done';
    };
    const agent = running(tenant, handler, { outbox: newFolder() });
    await whenTask(tenant, again?.id ?? '', 'completed');
    await whenTask(tenant, never?.id ?? '', 'failed');
    await agent.end();
    expect((await tenant.get(never?.id ?? '')).error).toMatchObject({ code: 'no_stock', message: 'Sold out.' });
    expect(await tenant.events.of(again?.id ?? '')).toContain('task.attempt_failed');
  });

  it('fails the attempt for good when a task cannot keep its result', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const id = tenant.tasks[0]?.id ?? '';
    const agent = running(tenant, async () => 'x'.repeat(300_000), { outbox: newFolder() });
    await whenTask(tenant, id, 'failed');
    await agent.end();
    expect((await tenant.get(id)).error).toMatchObject({ code: 'invalid_input' });
  });

  it('tells the handler that cancelling was asked for, and gives the task back', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const id = tenant.tasks[0]?.id ?? '';
    let why: string | undefined;
    const handler: TaskHandler = (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          why = (signal.reason as WorkAborted).why;
          reject(signal.reason as WorkAborted);
        });
      });
    const agent = running(tenant, handler, {}, { leaseSeconds: 1 });
    await whenTask(tenant, id, 'in_progress');
    await given.node.interventions.cancel(tenant.caller, id, {});
    await whenTask(tenant, id, 'cancelled');
    await agent.end();
    expect(why).toBe('cancelled');
  });

  it('tells of a lost lease, and keeps what was worked out for a task that is no longer held', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const id = tenant.tasks[0]?.id ?? '';
    const outbox = newFolder();
    const abandoned: unknown[] = [];
    const handler: TaskHandler = (_, { signal }) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve((signal.reason as WorkAborted).why)));
    const onAbandoned: AgentReports['onAbandoned'] = ({ params }, { code }) => abandoned.push([params, code]);
    const agent = running(tenant, handler, { outbox, onAbandoned }, { leaseSeconds: 1, claimNext: false });
    await whenTask(tenant, id, 'in_progress');
    const { epoch } = await tenant.get(id);
    // Somebody with the same rights ends the attempt.
    await given.node.claims.fail(tenant.caller, { taskId: id, epoch }, { code: 'x', message: 'x', retryable: false });
    await until(() => abandoned.length > 0, 'it is told');
    await agent.end();

    expect(abandoned).toEqual([[{ id, epoch, result: 'lease_lost' }, expect.stringMatching(/lease_lost|invalid_transition/)]]); // prettier-ignore
    expect([answersIn(outbox), answersIn(outbox, 'refused').length]).toEqual([[], 1]);
  });

  it('keeps long work by heartbeats, and tells how far it is', async () => {
    const tenant = await given.workspace({ tasks: 2 });
    const ids = tenant.tasks.map(({ id }) => id);
    const handler: TaskHandler = async ({ id }, context) => {
      await context.progress(50, 'half');
      // Three times as long as the lease.
      const held = `SELECT 1 FROM tasks WHERE tenant_id = $1 AND id = $2 AND lease_expires_at > claimed_at + interval '3 s'`;
      await until(async () => (await tenant.rows(held, id)).length > 0, 'it is held for long');
    };
    const agent = running(tenant, handler, {}, { leaseSeconds: 1, concurrency: 2 });
    for (const id of ids) await whenTask(tenant, id, 'completed');
    await agent.end();
    for (const id of ids) expect(await tenant.get(id)).toMatchObject({ epoch: 1, progressMessage: 'half' });
  });

  it('works on so many at once and no more', async () => {
    const tenant = await given.workspace({ tasks: 9 });
    let now = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const handler: TaskHandler = async () => {
      most = Math.max(most, ++now);
      await new Promise<void>((resolve) => waiting.push(resolve));
      now -= 1;
    };
    const agent = running(tenant, handler, {}, { concurrency: 3 });
    for (let done = 0; done < 9; done += 3) {
      await until(() => waiting.length === 3, 'three are at work');
      waiting.splice(0).forEach((resolve) => resolve());
    }
    await until(async () => (await tenant.events.all()).filter(({ type }) => type === 'task.completed').length === 9);
    await agent.end();
    expect(most).toBe(3);
  });

  it('lets handlers finish when it is stopped, and gives back what does not', async () => {
    const tenant = await given.workspace({ tasks: 2 });
    const [quick, stubborn] = tenant.tasks.map(({ id }) => id);
    let finish = (): void => undefined;
    let begun = 0;
    const handler: TaskHandler = ({ id }) => {
      begun += 1;
      return new Promise((resolve) => {
        if (id !== stubborn) finish = () => resolve('done');
      });
    };
    const outbox = newFolder();
    const agent = running(tenant, handler, { outbox }, { concurrency: 2, graceMs: 300 });
    await until(() => begun === 2, 'both are at work');
    agent.stop();
    finish();
    await agent.over;
    expect(await statusOf(tenant, quick ?? '')).toBe('completed');
    expect(await statusOf(tenant, stubborn ?? '')).toBe('pending');
    expect(answersIn(outbox)).toEqual([]);
  });

  it('[S164] gets the same leases again when the answer to a claim was lost', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const id = tenant.tasks[0]?.id ?? '';
    const { id: agentId } = await tenant.agent('ada');
    const proxy = await TcpProxy.start(given.node.url);
    let lost = 0;
    proxy.fate = (direction) => (direction === 'reply' && lost++ === 0 ? 'break' : 'pass');
    const client = new MusterClient({ url: proxy.url, key: tenant.key });
    const stop = new AbortController();
    const agent = client.agent({ id: agentId, outbox: newFolder(), ...QUIET });
    const over = agent.run(async () => 'done', { signal: stop.signal });
    await whenTask(tenant, id, 'completed');
    stop.abort();
    await over;
    await proxy.stop();
    expect(await tenant.get(id)).toMatchObject({ epoch: 1, attempt: 1 });
    expect(await tenant.events.of(id)).toEqual(['task.created', 'task.claimed', 'task.completed']);
  });

  it('[S164] does not begin what was given long ago and is not held any more', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const id = tenant.tasks[0]?.id ?? '';
    const proxy = await TcpProxy.start(given.node.url);
    proxy.fate = (direction) => (direction === 'reply' ? 'break' : 'pass');
    const handled: string[] = [];
    const handler: TaskHandler = async (task) => void handled.push(task.id);
    const outbox = newFolder();
    const agent = running(tenant, handler, { agentId: tenant.ada.id, outbox, url: proxy.url });
    await whenTask(tenant, id, 'in_progress');
    await proxy.stop();
    // While the agent cannot be reached, its task is taken away.
    const { epoch } = await tenant.get(id);
    await given.node.claims.fail(tenant.caller, { taskId: id, epoch }, { code: 'x', message: 'x', retryable: false });
    proxy.fate = () => 'pass';
    await proxy.open();
    const { id: later } = await tenant.task();
    await whenTask(tenant, later, 'completed');
    await agent.end();
    await proxy.stop();
    expect(handled).toEqual([later]);
  });

  it('[S164] does not begin what a completion claimed long ago and is not held any more', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 2 });
    const [first, second] = tenant.tasks.map(({ id }) => id);
    const proxy = await TcpProxy.start(given.node.url);
    const handled: string[] = [];
    const handler: TaskHandler = async (task) => {
      if (handled.push(task.id) === 1) proxy.fate = (direction) => (direction === 'reply' ? 'break' : 'pass');
    };
    const agent = running(
      tenant,
      handler,
      { agentId: tenant.ada.id, outbox: newFolder(), url: proxy.url },
      { leaseSeconds: 3 },
    );
    await whenTask(tenant, second ?? '', 'in_progress');
    const lostAt = performance.now();
    await proxy.stop();
    const { epoch } = await tenant.get(second ?? '');
    const failure = { code: 'x', message: 'x', retryable: false };
    await given.node.claims.fail(tenant.caller, { taskId: second ?? '', epoch }, failure);
    await until(() => performance.now() - lostAt > 1_000, 'a third of the lease is over');
    proxy.fate = () => 'pass';
    await proxy.open();
    const { id: later } = await tenant.task();
    await whenTask(tenant, later, 'completed');
    await agent.end();
    await proxy.stop();
    expect(handled).toEqual([first, later]);
  });

  /** An agent stops while it has not heard what its claim was given. */
  async function unanswered(
    tenant: Tenant,
    agentId: string,
    outbox: string,
    options: RunOptions,
    then: () => Promise<unknown>,
  ) {
    const proxy = await TcpProxy.start(given.node.url);
    let asked = false;
    proxy.fate = (direction) => {
      asked ||= direction === 'request';
      return direction === 'reply' ? 'mute' : 'pass';
    };
    const agent = running(tenant, async () => null, { agentId, outbox, url: proxy.url }, { ...options, graceMs: 0 });
    await until(() => asked, 'it asks');
    await then();
    await agent.end();
    await proxy.stop();
  }

  it('waits for the answer to a claim of an earlier run as long as that waits, and then claims its own', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const outbox = newFolder();
    await unanswered(tenant, tenant.ada.id, outbox, { types: ['other'], waitSeconds: 2 }, async () => undefined);
    const { id } = await tenant.task();
    // Shorter than the wait.
    const client = new MusterClient({ url: given.node.url, key: tenant.key, timeoutMs: 500 });
    const stop = new AbortController();
    const over = client.agent({ id: tenant.ada.id, outbox, ...QUIET }).run(async () => null, { signal: stop.signal });
    await whenTask(tenant, id, 'completed');
    stop.abort();
    await over;
  });

  it('gives back what an earlier run has claimed and this one is not for', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const outbox = newFolder();
    const other = await tenant.task({ type: 'other' });
    const claimed = () => whenTask(tenant, other.id, 'in_progress');
    await unanswered(tenant, tenant.ada.id, outbox, { types: ['other'] }, claimed);
    const { id } = await tenant.task();
    const handled: string[] = [];
    const handler: TaskHandler = async (task) => void handled.push(task.id);
    const agent = running(tenant, handler, { agentId: tenant.ada.id, outbox }, { types: ['build'] });
    await whenTask(tenant, id, 'completed');
    await whenTask(tenant, other.id, 'pending');
    await agent.end();
    expect(handled).toEqual([id]);
  });

  it('works on more at once than one claim may ask for', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const agent = running(tenant, async () => null, {}, { concurrency: 500 });
    await Promise.race([agent.over, whenTask(tenant, tenant.tasks[0]?.id ?? '', 'completed')]);
    await agent.end();
  });

  it('ends with the refusal when the key is refused', async () => {
    const tenant = await given.tenant();
    const agent = running({ ...tenant, key: 'mst_wrong' }, async () => null);
    await expect(agent.over).rejects.toMatchObject({ status: 401 });
    const readOnly = running({ ...tenant, key: await tenant.keyFor('read') }, async () => null, {
      outbox: newFolder(),
    });
    await expect(readOnly.over).rejects.toMatchObject({ status: 403 });
  });

  it('refuses options that make no sense, by their name', async () => {
    const tenant = await given.tenant();
    const refused = (options: RunOptions) => running(tenant, async () => null, {}, options).over;
    await expect(refused({ concurrency: 0 })).rejects.toThrow('concurrency must be a whole number from 1 to 500.');
    await expect(refused({ waitSeconds: 31 })).rejects.toMatchObject({ code: 'invalid_option', field: 'waitSeconds' });
    await expect(refused({ claimKind: 'human' })).rejects.toMatchObject({ field: 'claimKind' });
  });

  it('is refused an outbox that another agent has', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const outbox = newFolder();
    const first = running(tenant, async () => 'done', { outbox });
    await whenTask(tenant, tenant.tasks[0]?.id ?? '', 'completed');
    const second = running(tenant, async () => null, { outbox, name: 'bob' });
    await expect(second.over).rejects.toMatchObject({ code: 'outbox_in_use', folder: outbox, pid: process.pid });
    await first.end();
    await running(tenant, async () => null, { outbox }).end();
  });

  /** An agent in another thread, and what became of it. */
  function inThread(tenant: Tenant, outbox: string): { thread: Worker; told: () => string[] } {
    const thread = new Worker(
      `require('./test/support/run-ts.cjs');
      const { parentPort, workerData } = require('node:worker_threads');
      const { MusterClient } = require('@muster/client');
      const { url, key, outbox } = workerData;
      const running = new MusterClient({ url, key }).agent({ name: 'bob', outbox }).run(async () => {
        parentPort.postMessage('at work');
        await new Promise(() => undefined);
      });
      running.catch(({ code }) => parentPort.postMessage(code));`,
      { eval: true, workerData: { url: given.node.url, key: tenant.key, outbox } },
    );
    const told: string[] = [];
    thread.on('message', (what: string) => told.push(what));
    return { thread, told: () => told };
  }

  it('is refused an outbox that an agent of another thread has, until that thread ends', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const outbox = newFolder();
    const { thread, told } = inThread(tenant, outbox);
    await until(() => told().includes('at work'), 'the other agent is at work');
    await expect(running(tenant, async () => null, { outbox }).over).rejects.toMatchObject({ code: 'outbox_in_use' });
    const second = inThread(tenant, outbox);
    await until(() => second.told().includes('outbox_in_use'), 'a third agent is refused');
    await Promise.all([thread.terminate(), second.thread.terminate()]);
    // Goes on with the task that it held.
    const agent = running(tenant, async () => null, { outbox, name: 'bob' });
    await Promise.race([agent.over, whenTask(tenant, tenant.tasks[0]?.id ?? '', 'completed')]);
    await agent.end();
  });

  it('leaves an outbox to whoever has it by now', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const outbox = newFolder();
    const one = running(tenant, async () => null, { outbox }, { types: ['build'], waitSeconds: 1 });
    await whenTask(tenant, tenant.tasks[0]?.id ?? '', 'completed');
    // Somebody has taken the lock away by hand.
    rmSync(join(outbox, 'lock'));
    const { id } = await tenant.task({ type: 'other' });
    const other = running(tenant, async () => null, { outbox, name: 'bob' }, { types: ['other'] });
    await whenTask(tenant, id, 'completed');
    await one.end();
    await expect(running(tenant, async () => null, { outbox }).over).rejects.toMatchObject({ code: 'outbox_in_use' });
    await other.end();
  });

  it('[S164] waits for a server that is away before it is registered, and tells', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const proxy = await TcpProxy.start(given.node.url);
    await proxy.stop();
    const client = new MusterClient({ url: proxy.url, key: tenant.key, patienceMs: 0 });
    const troubles: unknown[] = [];
    const onTrouble = (_: string, error: unknown) => troubles.push(error);
    const stop = new AbortController();
    const over = client.agent({ name: 'ada', onTrouble }).run(async () => null, { signal: stop.signal });
    await Promise.race([over, until(() => troubles.length >= 2, 'it was told')]);
    const stopped = new AbortController();
    const other = client.agent({ name: 'bob', onTrouble }).run(async () => null, { signal: stopped.signal });
    stopped.abort();
    await other;
    await proxy.open();
    await whenTask(tenant, tenant.tasks[0]?.id ?? '', 'completed');
    stop.abort();
    await over;
    await proxy.stop();
  });

  it('puts a damaged file of the outbox aside and tells', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const outbox = newFolder();
    const torn = '000000000007-01999999-0000-7000-8000-000000000000.json';
    writeFileSync(join(outbox, torn), 'abc\n{"method":"task.comp');
    writeFileSync(join(outbox, 'lock'), '{"pid": 1, "start');
    const troubles: unknown[] = [];
    const agent = running(tenant, async () => 'done', { outbox, onTrouble: (...told) => troubles.push(told) });
    await whenTask(tenant, tenant.tasks[0]?.id ?? '', 'completed');
    await agent.end();
    expect(troubles).toEqual([[expect.stringContaining('damaged'), join(outbox, 'refused', torn)]]);
    expect(answersIn(outbox, 'refused')).toEqual([torn]);
  });
});
