import { randomUUID } from 'node:crypto';
import { InvalidOption, MusterClient, MusterError, type Unreachable } from '@muster/client';
import { deadUrl } from '../support/cli.js';
import { startGiven } from '../support/given.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** What the promise is rejected with. */
const refusal = <E>(work: Promise<unknown>): Promise<E> => work.then(() => undefined as never, (error: E) => error); // prettier-ignore

describe('MusterClient', () => {
  const given = startGiven();
  const clientOf = ({ key }: { key: string }, url = given.node.url) => new MusterClient({ url, key });

  it('[S162] calls by name, with the parameters of path, query and body', async () => {
    const tenant = await given.tenant();
    const client = clientOf(tenant);
    const task = await client.call('task.create', { type: 'build', title: 'Build it', tags: ['a', 'b'] });
    expect(task).toMatchObject({ status: 'pending', tags: ['a', 'b'], epoch: 0 });
    expect(await client.call('task.get', { id: task.id })).toEqual(task);

    const renamed = await client.call('task.update', { id: task.id, title: 'Again', ifMatch: task.version });
    expect(renamed.title).toBe('Again');
    const page = await client.call('task.list', { status: ['pending'], tags: ['a'], withTotal: true });
    expect([page.items.map(({ id }) => id), page.totalCount]).toEqual([[task.id], 1]);
    expect(await client.call('task.delete', { id: task.id })).toBeNull();
  });

  it('reads lists to their end, page by page', async () => {
    const tenant = await given.workspace({ tasks: 5 });
    const ids: string[] = [];
    for await (const { id } of clientOf(tenant).all('task.list', { limit: 2 })) ids.push(id);
    expect(ids.sort()).toEqual(tenant.tasks.map(({ id }) => id).sort());
  });

  it('throws what the server refuses with its code, its status and the fields', async () => {
    const client = clientOf(await given.tenant());
    const error = await refusal<MusterError>(client.call('task.create', { type: '', title: 'x' }));
    expect(error).toBeInstanceOf(MusterError);
    expect([error.status, error.code, error.fields]).toEqual([400, 'invalid_input', [expect.objectContaining({ field: 'type' })]]); // prettier-ignore
    expect(await refusal(client.call('task.get', { id: randomUUID() }))).toMatchObject({ status: 404, code: 'not_found' }); // prettier-ignore
    expect(await refusal(clientOf({ key: 'mst_wrong' }).call('task.list'))).toMatchObject({ status: 401 });
  });

  it('refuses what makes no sense before it asks', async () => {
    expect(() => new MusterClient({ url: 'muster', key: 'x' })).toThrow('url must be an address');
    expect(() => new MusterClient({ url: 'http://muster', key: '' })).toThrow(InvalidOption);
    const error = await refusal<InvalidOption>(clientOf(await given.tenant()).call('task.get', { id: '' }));
    expect([error.code, error.field]).toEqual(['invalid_option', 'id']);
  });

  it('tells when nobody answers, and stops when it is told to', async () => {
    const client = new MusterClient({ url: await deadUrl(), key: 'x', patienceMs: 200 });
    expect(await refusal(client.call('task.list'))).toMatchObject({ code: 'unreachable', sent: false });

    const patient = new MusterClient({ url: client.url, key: 'x', patienceMs: 60_000 });
    const reason = new Error('enough');
    expect(await refusal(patient.call('task.list', {}, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    const stop = new AbortController();
    const asking = refusal(patient.call('task.list', {}, { signal: stop.signal }));
    stop.abort(reason);
    expect(await asking).toBe(reason);
  });

  it('[S164] makes a change once although its first answer was lost', async () => {
    const tenant = await given.tenant();
    const proxy = await TcpProxy.start(given.node.url);
    let lost = 0;
    proxy.fate = (direction) => (direction === 'reply' && lost++ === 0 ? 'break' : 'pass');
    const seen: unknown[] = [];
    const client = new MusterClient({
      url: proxy.url,
      key: tenant.key,
      observe: ({ method, idempotencyKey }) => {
        seen.push([method, typeof idempotencyKey]);
        return () => seen.push('answered');
      },
    });
    await client.call('task.create', { type: 'build', title: 'Once' });
    await proxy.stop();

    expect(lost).toBeGreaterThan(1);
    expect(seen).toEqual([['task.create', 'string'], 'answered']);
    expect(await tenant.rows('SELECT title FROM tasks WHERE tenant_id = $1')).toEqual([{ title: 'Once' }]);
  });

  it('does not ask again where it could be done twice', async () => {
    const tenant = await given.tenant();
    const proxy = await TcpProxy.start(given.node.url);
    proxy.fate = (direction) => (direction === 'reply' ? 'break' : 'pass');
    const body = { type: 'build', title: 'Perhaps' };
    const call = clientOf(tenant, proxy.url).call('task.create', body, { idempotencyKey: false });
    const error = await refusal<Unreachable>(call);
    await proxy.stop();
    expect([error.code, error.sent]).toEqual(['unreachable', true]);
  });
});
