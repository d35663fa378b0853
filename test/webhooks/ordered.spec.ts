import { type Received, status } from '../support/receiver.js';
import { until } from '../support/until.js';
import { startEndpoints, titlesOf } from './endpoints.js';

const titleOf = ({ event }: Received): unknown => event.data.title;

describe('an ordered webhook', () => {
  const { receiver, tenant } = startEndpoints(undefined, 2);

  it('gets one event at a time, in order, though the first fails at first', async () => {
    let [running, most, refusals] = [0, 0, 2];
    const hook = await receiver((response, got) => {
      most = Math.max(most, ++running);
      const answer = titleOf(got) === '0' && refusals-- > 0 ? 400 : 200;
      setImmediate(() => {
        running--;
        response.writeHead(answer).end();
      });
    });
    const ada = await tenant();
    const { id } = await ada.endpoint(hook.url, { ordered: true });
    const titles = Array.from({ length: 12 }, (_, n) => String(n));
    await ada.tasks(...titles);
    await ada.ended(id, 12);

    expect(titlesOf(hook)).toEqual(['0', '0', ...titles]);
    expect(most).toBe(1);
  });

  it('gets the events of each feed in their order, one at a time of all of them', async () => {
    let [running, most] = [0, 0];
    const hook = await receiver((response) => {
      most = Math.max(most, ++running);
      setImmediate(() => {
        running--;
        response.writeHead(204).end();
      });
    });
    const ada = await tenant();
    const labs = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => (await ada.http.post<{ id: string }>('/v1/workspaces', { name })).body.id),
    );
    const { body } = await ada.register({ url: hook.url, types: ['task.created'], ordered: true });
    await Promise.all(
      labs.map(async (workspaceId) => {
        for (let n = 0; n < 10; n++) await ada.task({ workspaceId, title: String(n) });
      }),
    );
    await ada.ended(body.id, 30);

    expect(most).toBe(1);
    for (const lab of labs) {
      const got = hook.received.filter(({ event }) => event.id.startsWith(lab)).map(({ event }) => event.sequence);
      expect(got).toHaveLength(10);
      expect(got).toEqual([...got].sort((one, other) => one - other));
    }
  });

  it('goes on with the next when one is dead, and gets what is redriven at the end', async () => {
    const hook = await receiver((response, got) => status(titleOf(got) === '0' ? 400 : 200)(response, got));
    const ada = await tenant();
    const { id } = await ada.endpoint(hook.url, { ordered: true });
    await ada.tasks('0', '1', '2');
    const [dead] = await ada.ended(id, 3);
    expect(titlesOf(hook)).toEqual(['0', '0', '0', '0', '1', '2']);

    hook.respond = status(200);
    await ada.http.post(`/v1/webhooks/${id}/redrive`);
    await ada.ended(id, 3);
    expect(dead?.status).toBe('dead');
    expect(titlesOf(hook).slice(6)).toEqual(['0']);
  });

  it('does not keep others waiting, which get several at a time', async () => {
    const held: (() => void)[] = [];
    const slow = await receiver((response) => void held.push(() => response.writeHead(200).end()));
    const quick = await receiver();
    const ada = await tenant();
    await ada.endpoint(slow.url, { ordered: true });
    const { id } = await ada.endpoint(quick.url);
    const parallel = await receiver((response) => void held.push(() => response.writeHead(200).end()));
    await ada.endpoint(parallel.url);
    await ada.tasks('0', '1', '2');
    await ada.ended(id, 3);
    await until(() => parallel.received.length === 3);

    expect(slow.received).toHaveLength(1);
    for (const answer of held.splice(0)) answer();
    await slow.first(2);
    expect(titlesOf(slow)).toEqual(['0', '1']);
    for (const answer of held.splice(0)) answer();
  });
});
