import { MusterClient } from '@muster/client';
import { startGiven } from '../support/given.js';
import { answersIn, outboxFolders } from '../support/outbox-folders.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/** As it goes over the wire. */
const page = (status: string, type: string, body: string): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;

const INGRESS = page('404 Not Found', 'text/plain', 'default backend - 404');

describe('what answers in the place of Muster', () => {
  const given = startGiven();
  const newFolder = outboxFolders();
  let proxy: TcpProxy;
  let stop: AbortController;
  beforeEach(async () => {
    proxy = await TcpProxy.start(given.node.url);
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await proxy.stop();
  });

  it.each<[string, string, () => string | undefined]>([
    ['an ingress that knows no backend', INGRESS, newFolder],
    ['an ingress that knows no backend, to an agent without an outbox', INGRESS, () => undefined],
    ['a gateway in JSON', page('404 Not Found', 'application/json', '{"message":"no Route matched"}'), newFolder],
    ['a gateway with a problem of its own', page('400 Bad Request', 'application/problem+json', '{}'), newFolder],
    ['a firewall', page('403 Forbidden', 'text/html', '<h1>Forbidden</h1>'), newFolder],
    ['a proxy that wants a login', page('401 Unauthorized', 'text/html', '<h1>Who are you?</h1>'), newFolder],
    ['a page for maintenance', page('503 Service Unavailable', 'text/html', '<h1>Back soon</h1>'), newFolder],
    ['the login of a network', page('200 OK', 'text/html', '<h1>Welcome</h1>'), newFolder],
    ['an empty success', 'HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n', newFolder],
  ])('[S164] decides nothing: %s', async (_, answer, folder) => {
    const tenant = await given.workspace({ tasks: 1 });
    const id = tenant.tasks[0]?.id ?? '';
    let away = true;
    let answered = 0;
    const outbox = folder();
    // Before Muster sees what is asked, or after, when a claim is found again by an outbox only.
    proxy.fate = (direction) => {
      const instead = outbox !== undefined && answered % 2 === 1 ? 'reply' : 'request';
      if (!away || direction !== instead) return 'pass';
      answered += 1;
      return { answer };
    };
    const abandoned: unknown[] = [];
    const agent = new MusterClient({ url: proxy.url, key: tenant.key }).agent({
      name: 'ada',
      ...(outbox !== undefined && { outbox }),
      onAbandoned: (given) => abandoned.push(given),
      onTrouble: () => undefined,
    });
    const worked: string[] = [];
    const handler = async (task: { id: string }): Promise<null> => {
      worked.push(task.id);
      [away, answered] = [true, 0];
      return null;
    };
    const over = agent.run(handler, { leaseSeconds: 60, waitSeconds: 1, signal: stop.signal });
    over.catch(() => undefined);
    for (const done of [0, 1]) {
      await Promise.race([over, until(() => worked.length === done && answered >= 4, 'it was answered so')]);
      away = false;
      await Promise.race([over, until(() => worked.length === 1, 'the task is worked on')]);
    }
    await until(async () => (await tenant.get(id)).status === 'completed', 'it is completed');
    stop.abort();
    await over;

    expect([worked, abandoned]).toEqual([[id], []]);
    expect(await tenant.events.of(id)).toEqual(['task.created', 'task.claimed', 'task.completed']);
    if (outbox !== undefined) expect([answersIn(outbox), answersIn(outbox, 'refused')]).toEqual([[], []]);
  });

  it('is told as what it is', async () => {
    proxy.fate = () => ({ answer: INGRESS });
    const client = new MusterClient({ url: proxy.url, key: 'x', patienceMs: 0 });
    await expect(client.call('task.list')).rejects.toMatchObject({
      code: 'unreachable',
      sent: true,
      message: expect.stringContaining('HTTP 404, and not as Muster answers'),
    });
  });
});
