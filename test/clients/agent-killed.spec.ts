import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { MusterClient } from '@muster/client';
import { startGiven } from '../support/given.js';
import { type Fate, TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { answersIn, outboxFolders } from '../support/outbox-folders.js';

const PROJECT = resolve(__dirname, '..', '..');

describe('an agent that is killed', () => {
  const given = startGiven();
  const newFolder = outboxFolders();
  const children: ChildProcess[] = [];
  afterAll(() => children.forEach((child) => child.kill('SIGKILL')));

  /** A task, and an agent process behind a proxy. */
  async function scene() {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const proxy = await TcpProxy.start(given.node.url);
    const outbox = newFolder();
    const worked: string[] = [];
    const start = ({ key = tenant.key, claimKind = 'agent' } = {}): ChildProcess => {
      const child = fork('test/support/agent-process.ts', [proxy.url, key, tenant.ada.id, outbox, claimKind], {
        cwd: PROJECT,
        execArgv: ['-r', './test/support/run-ts.cjs'],
      });
      children.push(child);
      child.on('message', (message: { worked: string }) => worked.push(message.worked));
      return child;
    };
    const id = tenant.tasks[0]?.id ?? '';
    const completed = () => until(async () => (await tenant.get(id)).status === 'completed', 'it is completed');
    return { tenant, proxy, outbox, worked, start, id, completed };
  }

  async function kill(child: ChildProcess): Promise<void> {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  it.each<[string, 'request' | 'reply', Fate]>([
    ['the server has completed the task and its answer is lost', 'reply', 'mute'],
    ['the answer never reaches the server', 'request', 'break'],
  ])('[S162] [S164] completes its task once, and works on it once, when %s', async (_, direction, fate) => {
    const { tenant, proxy, outbox, worked, start, id, completed } = await scene();
    const first = start();
    await until(() => worked.length === 1, 'the work is done');
    proxy.fate = (of) => (of === direction ? fate : 'pass');
    first.send('go on');
    if (direction === 'reply') await completed();
    else await until(() => answersIn(outbox).length > 0, 'the answer is written down');
    await kill(first);

    proxy.fate = () => 'pass';
    const second = start();
    await completed();
    await until(() => answersIn(outbox).length === 0, 'the outbox is told');
    await kill(second);
    await proxy.stop();

    expect(worked).toEqual([id]);
    expect(await tenant.events.of(id)).toEqual(['task.created', 'task.claimed', 'task.completed']);
    expect(await tenant.get(id)).toMatchObject({ result: { by: first.pid }, epoch: 1 });
    expect(answersIn(outbox, 'refused')).toEqual([]);
  });

  it('[S162] [S164] goes on with what it held when it is killed at its work', async () => {
    const { tenant, proxy, worked, start, id, completed } = await scene();
    const first = start();
    await until(() => worked.length === 1, 'it is at work');
    await kill(first);

    const second = start();
    await until(() => worked.length === 2, 'it is at work again');
    second.send('go on');
    await completed();
    await kill(second);
    await proxy.stop();

    // The same lease: nobody waited for it to end, and no attempt was used up.
    expect(await tenant.get(id)).toMatchObject({ result: { by: second.pid }, epoch: 1, attempt: 1 });
    expect(await tenant.events.of(id)).toEqual(['task.created', 'task.claimed', 'task.completed']);
  });

  it.each(['agent', 'human'])(
    '[S162] goes on with what it held under a new key, when nobody remembers the claim (%s)',
    async (claimKind) => {
      const { tenant, proxy, worked, start, id, completed } = await scene();
      const first = start({ claimKind });
      await until(() => worked.length === 1, 'it is at work');
      await kill(first);

      await tenant.rows('DELETE FROM idempotency_keys WHERE tenant_id = $1');
      const second = start({ claimKind, key: await tenant.keyFor('admin') });
      await until(() => worked.length === 2, 'it is at work again');
      second.send('go on');
      await completed();
      await kill(second);
      await proxy.stop();

      expect(await tenant.get(id)).toMatchObject({ result: { by: second.pid }, epoch: 1, attempt: 1 });
    },
  );

  it('keeps a second process out while it lives', async () => {
    const { tenant, proxy, outbox, worked, start } = await scene();
    const first = start();
    await until(() => worked.length === 1, 'it is at work');
    const second = new MusterClient({ url: given.node.url, key: tenant.key }).agent({ id: tenant.ada.id, outbox });
    await expect(second.run(async () => null)).rejects.toMatchObject({ code: 'outbox_in_use', pid: first.pid });
    await kill(first);
    await second.run(async () => null, { signal: AbortSignal.abort() });
    await proxy.stop();
  });
});
