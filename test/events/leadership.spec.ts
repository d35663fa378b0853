import { randomUUID } from 'node:crypto';
import { query, scratchDatabase } from '../support/database.js';
import { type EventNode, startNode } from '../support/event-node.js';
import { until } from '../support/until.js';

describe('leadership', () => {
  let url: string;
  let nodes: EventNode[];

  beforeAll(async () => {
    url = await scratchDatabase();
    nodes = await Promise.all(Array.from({ length: 3 }, () => startNode(url, { background: false, poolSize: 4 })));
  });
  afterAll(() => Promise.all(nodes.map((node) => node.close())));

  const holders = async (name: string, ttlMs: number): Promise<EventNode[]> => {
    const held = await Promise.all(nodes.map((node) => node.leadership.hold(name, ttlMs)));
    return nodes.filter((_, n) => held[n]);
  };

  it('is one node’s at a time, however many ask at once', async () => {
    for (const name of Array.from({ length: 10 }, () => randomUUID())) {
      const [leader, ...others] = await holders(name, 60_000);
      expect(leader?.leadership.epoch(name)).toBe(1);
      expect(others).toEqual([]);
      expect(await holders(name, 60_000)).toEqual([leader]);
    }
  });

  it('is renewed by its holder, and goes to another one, with a higher epoch, when it is given up', async () => {
    const name = randomUUID();
    const [leader] = (await holders(name, 300)) as [EventNode];
    const end = performance.now() + 900;
    while (performance.now() < end) expect(await leader.leadership.hold(name, 300)).toBe(true);
    expect(leader.leadership.epoch(name)).toBe(1);

    await leader.leadership.release(name);
    expect(leader.leadership.epoch(name)).toBeUndefined();
    // The others were told, so they do not wait for the time at which they would have asked.
    const [next] = nodes.filter((node) => node !== leader) as [EventNode];
    await until(() => next.leadership.hold(name, 300));
    expect(next.leadership.epoch(name)).toBe(2);
  });

  it('ends by the database’s clock when its holder does not come back', async () => {
    const name = randomUUID();
    const [dead, heir] = nodes as [EventNode, EventNode];
    expect(await dead.leadership.hold(name, 200)).toBe(true);
    expect(await heir.leadership.hold(name, 200)).toBe(false);
    await until(() => heir.leadership.hold(name, 200));
    expect(dead.leadership.epoch(name)).toBeUndefined();
    expect(heir.leadership.epoch(name)).toBe(2);
    expect(await dead.leadership.hold(name, 200)).toBe(false);
  });

  it('counts a new epoch for a holder that let its lease run out, though nobody took it', async () => {
    const name = randomUUID();
    const [node] = nodes as [EventNode];
    await node.leadership.hold(name, 50);
    const sql = 'SELECT lease_expires_at < now() AS ended FROM leaders WHERE name = $1';
    await until(async () => (await query<{ ended: boolean }>(url, sql, [name]))[0]?.ended);
    expect(node.leadership.epoch(name)).toBeUndefined();
    await until(() => node.leadership.hold(name, 50));
    expect(node.leadership.epoch(name)).toBe(2);
  });

  it('asks the database rarely, and for all names together', async () => {
    const [node] = nodes as [EventNode];
    const names = Array.from({ length: 6 }, () => randomUUID());
    const asked = jest.spyOn(node.leadership['leaders'], 'take');
    await Promise.all(names.map((name) => node.leadership.hold(name, 900)));
    const end = performance.now() + 1_500;
    while (performance.now() < end) await Promise.all(names.map((name) => node.leadership.hold(name, 900)));
    // Two to begin with, then one in 300 ms.
    expect(asked.mock.calls.length).toBeLessThanOrEqual(8);
    asked.mockRestore();
  });

  it('is given back when the node shuts down', async () => {
    const leaving = await startNode(url, { background: false });
    const name = randomUUID();
    await leaving.leadership.hold(name, 60_000);
    await leaving.close();
    expect(await (nodes[0] as EventNode).leadership.hold(name, 60_000)).toBe(true);
    const [row] = await query<{ epoch: string }>(url, 'SELECT epoch FROM leaders WHERE name = $1', [name]);
    expect(row?.epoch).toBe('2');
  });
});
