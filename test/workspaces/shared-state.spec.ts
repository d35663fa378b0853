import { randomUUID } from 'node:crypto';
import { HybridLogicalClock, SharedState, type StateChange } from '../../src/shared/crdt/index.js';
import type { Caller } from '../../src/shared/auth/index.js';
import { SharedStateService, WorkspacesService } from '../../src/workspaces/index.js';
import { outcomes, startGiven } from '../support/given.js';
import { SocketClient } from '../support/socket-client.js';

interface Reached {
  value: Record<string, unknown>;
  clock: Record<string, number>;
  sequence: number;
}
interface Changes extends Reached {
  results: { path: string; applied: boolean; value?: unknown }[];
  code: string;
  errors: { field: string; rule: string }[];
}

describe('the shared state of a workspace', () => {
  const given = startGiven({ nodes: 2 });

  async function scene() {
    const tenant = await given.tenant();
    const ada: Caller = { tenantId: tenant.tenantId, actorId: 'ada', scopes: ['workspaces:write'] };
    const { id } = await given.node.get(WorkspacesService).create(ada, { name: 'lab' });
    const path = `/v1/workspaces/${id}/shared-state`;
    const perform = (operations: unknown, http = tenant.http) =>
      http.post<Changes>(`${path}/operations`, { operations });
    const read = async (http = tenant.http) => (await http.get<Reached>(path)).body;
    const states = given.node.get(SharedStateService);
    return { ...tenant, ada, id, path, perform, read, states, states2: given.second.get(SharedStateService) };
  }

  it('is empty at first, and then what operations of every type made of it', async () => {
    const { http2, path, perform, read } = await scene();
    expect(await read()).toEqual({ value: {}, clock: {}, sequence: 0, updatedBy: null, updatedAt: null });

    const { status, body } = await perform([
      { type: 'set', path: '/goal', value: { ship: ['now'] } },
      { type: 'increment', path: ['pages', 'a/b'], by: 3 },
      { type: 'decrement', path: '/pages/a~1b' },
      { type: 'add', path: '/tags', element: 'red' },
      { type: 'add', path: '/tags', element: 'blue' },
      { type: 'remove', path: '/tags', element: 'red' },
      { type: 'set', path: '/old', value: 1 },
      { type: 'delete', path: '/old' },
    ]);
    expect([status, body.clock, body.sequence]).toEqual([200, { muster: 8 }, 1]);
    // With the last operation on each path.
    expect(body.results.map(({ path: at, value }) => [at, value])).toEqual([
      ['/goal', { ship: ['now'] }],
      ['/pages/a~1b', undefined],
      ['/pages/a~1b', 2],
      ['/tags', undefined],
      ['/tags', undefined],
      ['/tags', ['blue']],
      ['/old', undefined],
      ['/old', undefined],
    ]);
    expect(body.results.every(({ applied }) => applied)).toBe(true);
    const value = { goal: { ship: ['now'] }, pages: { 'a/b': 2 }, tags: ['blue'] };
    expect(await read(http2)).toMatchObject({ value, clock: { muster: 8 }, sequence: 1 });
    expect((await http2.get<Reached>(path)).status).toBe(200);
  });

  it('counts 1,000 increments of 20 connections on two nodes to exactly 1,000', async () => {
    const { http, http2, perform, read, states, states2, ada, id } = await scene();
    const connection = async (n: number): Promise<void> => {
      for (let done = 0; done < 50; done++) {
        const { status } = await perform([{ type: 'increment', path: '/n' }], n % 2 ? http2 : http);
        expect(status).toBe(200);
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, n) => connection(n)));
    expect(await read()).toMatchObject({ value: { n: 1_000 }, clock: { muster: 1_000 } });

    const inProcess = Array.from({ length: 1_000 }, (_, n) =>
      (n % 2 ? states : states2).perform(ada, id, [{ type: 'increment', path: '/n' }]),
    );
    expect(new Set(outcomes(await Promise.allSettled(inProcess)))).toEqual(new Set(['fulfilled']));
    expect(await read()).toMatchObject({ value: { n: 2_000 }, clock: { muster: 2_000 } });
  });

  it('knows a repeat by its id, also beside itself and on the other node, and refuses other content', async () => {
    const { http, http2, perform, read } = await scene();
    const once = { type: 'increment', path: '/n', by: 5, id: randomUUID() };
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => perform([once], n % 2 ? http : http2)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.filter(({ body }) => body.results[0]?.applied)).toHaveLength(1);
    expect((await perform([once, once])).body.results).toEqual([
      { path: '/n', applied: false },
      { path: '/n', applied: false, value: 5 },
    ]);

    const before = await read();
    const reused = await perform([
      { type: 'increment', path: '/n' },
      { ...once, by: 6 },
    ]);
    expect([reused.status, reused.body.code]).toEqual([409, 'operation_id_reused']);
    expect(await read()).toEqual(before);
  });

  it('forgets ids after a day, and so takes a repeat for new', async () => {
    const { perform, read, rows, id } = await scene();
    const once = { type: 'increment', path: '/n', id: 'once' };
    await perform([once]);
    await rows(
      `UPDATE shared_state_operations SET created_at = now() - interval '25 hours'
       WHERE tenant_id = $1 AND workspace_id = $2`,
      id,
    );
    await perform([{ type: 'increment', path: '/n', id: 'young' }]);
    expect((await perform([once])).body.results[0]?.applied).toBe(false);
    await rows('UPDATE shared_states SET sequence = 255 WHERE tenant_id = $1 AND workspace_id = $2', id);
    await perform([{ type: 'increment', path: '/n' }]);
    const left = await rows('SELECT id FROM shared_state_operations WHERE tenant_id = $1 AND workspace_id = $2', id);
    expect(left).toEqual([{ id: 'young' }]);
    expect((await perform([once])).body.results[0]?.applied).toBe(true);
    expect(await read()).toMatchObject({ value: { n: 4 }, sequence: 257 });
  });

  it('knows 1,000 replicas and refuses another', async () => {
    const { perform, read } = await scene();
    const time = new HybridLogicalClock('x').now();
    const from = (n: number) => ({
      type: 'set',
      path: '/n',
      value: n,
      id: { replica: `r${n}`, counter: 1 },
      time,
      replaces: {},
    });
    const many = (first: number, count: number) => Array.from({ length: count }, (_, n) => from(first + n));
    expect((await perform([{ type: 'increment', path: '/m' }])).status).toBe(200);
    expect((await perform(many(0, 500))).status).toBe(200);
    expect((await perform(many(500, 499))).status).toBe(200);
    const before = await read();
    const { body } = await perform([{ type: 'increment', path: '/m' }, from(999)]);
    expect([body.code, body.errors[0]?.rule]).toEqual(['invalid_input', 'maxReplicas']);
    expect(await read()).toEqual(before);
    expect((await perform([{ type: 'increment', path: '/m' }])).body.results[0]?.value).toBe(2);
  });

  it('takes all operations of a call or none', async () => {
    const { perform, read, rows, id } = await scene();
    await perform([{ type: 'set', path: '/name', value: 'lab' }]);
    const before = await read();
    const key = randomUUID();
    const [refused, taken] = await Promise.all([
      perform([
        { type: 'increment', path: '/n', id: key },
        { type: 'increment', path: '/name' },
      ]),
      perform([{ type: 'increment', path: '/m' }]),
    ]);
    expect([refused.body.code, taken.status]).toEqual(['wrong_kind', 200]);
    const after = await read();
    expect([before.value, after.value]).toEqual([{ name: 'lab' }, { name: 'lab', m: 1 }]);
    const ids = 'SELECT id FROM shared_state_operations WHERE tenant_id = $1 AND workspace_id = $2';
    expect(await rows(ids, id)).toEqual([]);
    expect((await perform([{ type: 'increment', path: '/n', id: key }])).body.results[0]?.applied).toBe(true);
    expect(await rows(ids, id)).toHaveLength(1);
  });

  it('undoes each call that fails half-way, and no other beside it', async () => {
    const { ada, id, states, states2 } = await scene();
    await states.perform(ada, id, [{ type: 'set', path: '/name', value: 'lab' }]);
    const good = (n: number): StateChange[] => [
      { type: 'increment', path: '/n' },
      { type: 'add', path: '/calls', element: n },
    ];
    const calls = Array.from({ length: 300 }, (_, n) =>
      (n % 2 ? states : states2).perform(ada, id, n % 3 ? good(n) : [...good(n), { type: 'increment', path: '/name' }]),
    );
    const results = outcomes(await Promise.allSettled(calls));
    expect(results).toEqual(results.map((_, n) => (n % 3 ? 'fulfilled' : 'wrong_kind')));
    const { value } = await states.get(ada, id);
    expect(value.n).toBe(200);
    const kept = (value.calls as number[]).toSorted((a, b) => a - b);
    expect(kept).toEqual(results.flatMap((_, n) => (n % 3 ? n : [])));
  });

  it('refuses what it cannot take, with a code and the field, and stays as it was', async () => {
    const { http, path, perform, read } = await scene();
    await perform([
      { type: 'set', path: '/name', value: 'lab' },
      { type: 'add', path: '/tags', element: 'red' },
      { type: 'increment', path: '/full', by: Number.MAX_SAFE_INTEGER },
    ]);
    const before = await read();
    const ahead = new HybridLogicalClock('bob', { time: () => Date.now() + 3_600_000 }).now();
    const made = { type: 'set', path: '/x', value: 1, id: { replica: 'bob', counter: 1 }, replaces: {} };
    const time = new HybridLogicalClock('bob').now();
    const cases: [unknown, string, string?][] = [
      [[{ type: 'set', path: '/name/first', value: 1 }], 'path_through_value'],
      [[{ type: 'increment', path: '/tags' }], 'wrong_kind'],
      [[{ type: 'increment', path: '/full' }], 'counter_overflow'],
      [[{ ...made, time: ahead }], 'clock_too_far_ahead'],
      [[{ ...made, time, replaces: { eve: [[1, 9]] } }], 'clock_from_nowhere'],
      [[{ ...made, time, id: { replica: 'muster', counter: 99 } }], 'invalid_input', 'operations[0].id.replica'],
      [[{ ...made, time: 'noon' }], 'invalid_input', 'operations[0].time'],
      [[{ ...made }], 'invalid_input', 'operations[0].time'],
      [[{ ...made, time, replaces: { muster: [[2, 1]] } }], 'invalid_input', 'operations[0].replaces.muster[0]'],
      [[{ type: 'increment', path: '/n', value: 5 }], 'invalid_input', 'operations[0].value'],
      [[{ type: 'increment', path: '/n', by: 0.5 }], 'invalid_input', 'operations[0].by'],
      [[{ type: 'double', path: '/n' }], 'invalid_input', 'operations[0].type'],
      [[{ type: 'set', path: 'n', value: 1 }], 'invalid_input', 'operations[0].path'],
      [[{ type: 'set', path: '', value: 1 }], 'invalid_input', 'operations[0].path'],
      [[{ type: 'set', path: '/n' }], 'invalid_input', 'operations[0].value'],
      [[{ type: 'set', path: '/n', value: 'a\0b' }], 'invalid_input', 'operations[0].value'],
      [[{ type: 'add', path: '/s', element: [] }], 'invalid_input', 'operations[0].element'],
      [[{ type: 'set', path: '/n', value: 1, more: 1 }], 'invalid_input', 'operations[0].more'],
      [[{ type: 'set', path: '/n', value: 1, id: 'a b' }], 'invalid_input', 'operations[0].id'],
      [[{ type: 'set', path: '/n', value: 1, id: { replica: 'a' } }], 'invalid_input', 'operations[0].id'],
      [[], 'invalid_input', 'operations'],
      [Array(501).fill({ type: 'increment', path: '/n' }), 'invalid_input', 'operations'],
      [{}, 'invalid_input', 'operations'],
      [[{ type: 'set', path: '/big', value: 'x'.repeat(300_000) }], 'state_too_large'],
    ];
    for (const [operations, code, field] of cases) {
      const { status, body } = await perform(operations);
      expect([status >= 400 && status < 500, body.code, body.errors?.[0]?.field]).toEqual([true, code, field]);
    }
    const merges: [unknown, string][] = [
      [{ replica: 'muster', state: { context: {}, entries: {} } }, 'invalid_input'],
      [{ replica: 'bob', state: { context: { eve: [[1, 1]] }, entries: {} } }, 'clock_from_nowhere'],
      [
        {
          replica: 'bob',
          state: { context: {}, entries: { bob: [[1, 1, { path: '/x', kind: 'register', value: 1, time: ahead }]] } },
        },
        'clock_too_far_ahead',
      ],
      [
        {
          replica: 'bob',
          state: {
            context: {},
            entries: { bob: [[1, 1, { path: '/x', kind: 'register', value: 'x'.repeat(300_000), time }]] },
          },
        },
        'state_too_large',
      ],
      [{ replica: 'bob', state: { context: [], entries: {} } }, 'invalid_input'],
      [{ replica: 'b b', state: { context: { 'b b': [[1, 1]] }, entries: {} } }, 'invalid_input'],
      [{ replica: 'bob' }, 'invalid_input'],
    ];
    for (const [body, code] of merges) expect((await http.post(`${path}/merge`, body)).body).toMatchObject({ code });
    for (const since of ['{', '[]', '{"ada":-1}', '3']) {
      expect((await http.get(`${path}/deltas?since=${since}`)).body).toMatchObject({ code: 'invalid_input' });
    }
    expect(await read()).toEqual(before);
  });

  it('stays within 256 KiB, and can be emptied when it is full', async () => {
    const { perform, read } = await scene();
    let filled = 0;
    for (; ; filled++) {
      const { status, body } = await perform([{ type: 'set', path: `/part${filled}`, value: 'x'.repeat(20_000) }]);
      if (status === 413) {
        expect(body.code).toBe('state_too_large');
        break;
      }
      expect(status).toBe(200);
    }
    expect(filled).toBe(13);
    expect((await perform([{ type: 'delete', path: '/part0' }])).status).toBe(200);
    expect((await perform([{ type: 'set', path: '/part0', value: 'x'.repeat(20_000) }])).status).toBe(200);
    expect(Object.keys((await read()).value)).toHaveLength(13);
  });

  it('takes nothing away for a sender that claims a removal of nobody', async () => {
    const { http, path, perform, read } = await scene();
    await perform([{ type: 'set', path: '/name', value: 'lab' }]);
    const hollow = { replica: 'bob', state: { context: { muster: [[1, 1]] }, entries: {} } };
    expect((await http.post(`${path}/merge`, hollow)).status).toBe(200);
    expect(await read()).toMatchObject({ value: { name: 'lab' }, sequence: 1 });
  });

  it('[S158][S159] exchanges operations, states and deltas with a replica that was away', async () => {
    const { http, http2, path, perform, read } = await scene();
    const clock = new HybridLogicalClock('phone');
    const phone = new SharedState();
    const done = (change: StateChange) => phone.perform(change, 'phone', clock.now());
    const catchUp = async () => {
      const since = encodeURIComponent(JSON.stringify(phone.clock));
      phone.merge(
        SharedState.fromJSON((await http2.get<{ delta: unknown }>(`${path}/deltas?since=${since}`)).body.delta),
      );
    };
    await perform([
      { type: 'add', path: '/tags', element: 'red' },
      { type: 'increment', path: '/n', by: 2 },
    ]);
    await catchUp();
    const operations = [
      done({ type: 'increment', path: '/n', by: 3 }),
      done({ type: 'remove', path: '/tags', element: 'red' }),
    ];
    await perform([
      { type: 'add', path: '/tags', element: 'red' },
      { type: 'increment', path: '/n', by: 10 },
    ]);

    const sent = await perform([...operations].reverse());
    expect(sent.body.results).toEqual([
      { path: '/tags', applied: true, value: ['red'] },
      { path: '/n', applied: true, value: 15 },
    ]);
    expect((await perform(operations, http2)).body.results.map(({ applied }) => applied)).toEqual([false, false]);
    const other = await perform([{ ...operations[0], path: '/m' }]);
    expect(other.body.code).toBe('operation_id_reused');

    done({ type: 'set', path: '/name', value: 'lab' });
    const merged = await http.post<Reached>(`${path}/merge`, { replica: 'phone', state: phone });
    expect(merged.body).toEqual({ clock: { muster: 4, phone: 3 }, sequence: 4 });
    await catchUp();
    expect(phone.value()).toEqual((await read()).value);
    expect(phone.value()).toEqual({ tags: ['red'], n: 15, name: 'lab' });
    const nothing = await http.get(`${path}/deltas?since=${encodeURIComponent(JSON.stringify(phone.clock))}`);
    expect(nothing.body).toMatchObject({ delta: { entries: {} } });
  });

  it('is read, changed and merged over WebSocket, with the same answers', async () => {
    const { http2, key, id, path, read } = await scene();
    const socket = await SocketClient.open(given.node.url, { key });
    const operations = [{ type: 'increment', path: '/n', by: 4 }];
    const changed = await socket.ask('workspace.changeSharedState', { id, operations });
    expect(changed.result).toEqual({
      results: [{ path: '/n', applied: true, value: 4 }],
      clock: { muster: 1 },
      sequence: 1,
    });
    const bob = new SharedState();
    bob.perform({ type: 'add', path: '/tags', element: 'red' }, 'bob', new HybridLogicalClock('bob').now());
    const merged = await socket.ask('workspace.mergeState', { id, replica: 'bob', state: bob.toJSON() });
    expect(merged.result).toEqual({ clock: { bob: 1, muster: 1 }, sequence: 2 });
    expect((await socket.ask('workspace.getSharedState', { id })).result).toEqual(await read(http2));
    const since = JSON.stringify({ bob: 1 });
    const { result } = await socket.ask('workspace.getSharedStateDelta', { id, since });
    expect(result).toEqual((await http2.get(`${path}/deltas?since=${since}`)).body);
    const refused = await socket.ask('workspace.changeSharedState', {
      id,
      operations: [{ type: 'add', path: '/n', element: 1 }],
    });
    expect(refused.error?.data).toMatchObject({ code: 'wrong_kind' });
    await socket.close();
  });

  it('asks for the rights of the workspace, and that it is active', async () => {
    const { ada, id, states } = await scene();
    const workspaces = given.node.get(WorkspacesService);
    const { id: closed } = await workspaces.create(ada, { name: 'closed', visibility: 'private' });
    const { id: open } = await workspaces.create(ada, { name: 'open', visibility: 'public' });
    const bob: Caller = { ...ada, actorId: 'bob' };
    const count = [{ type: 'increment', path: '/n' }] as const;

    const asked = [states.perform(bob, closed, count), states.get(bob, closed), states.perform(bob, open, count)];
    expect(outcomes(await Promise.allSettled(asked))).toEqual(['not_found', 'not_found', 'not_permitted']);
    const mixed = [states.perform(bob, open, count), states.perform(ada, open, count)];
    expect(outcomes(await Promise.allSettled(mixed))).toEqual(['not_permitted', 'fulfilled']);
    expect(await states.get(bob, open)).toMatchObject({ value: { n: 1 }, updatedBy: 'ada' });

    await workspaces.update(ada, id, 1, { status: 'archived' });
    const late = [states.perform(ada, id, count), states.merge(ada, id, 'bob', { context: {}, entries: {} })];
    expect(outcomes(await Promise.allSettled(late))).toEqual(['workspace_not_active', 'workspace_not_active']);
    expect(await states.get(ada, id)).toMatchObject({ value: {} });
  });

  it('is changed with the rest of a transaction, or not at all', async () => {
    const { ada, id, states } = await scene();
    const count = [{ type: 'increment', path: '/n' }] as const;
    const failed = given.node.transactions.run({}, async () => {
      await states.perform(ada, id, count);
      await states.perform(ada, id, count);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    await given.node.transactions.run({}, () => states.perform(ada, id, count));
    expect(await states.get(ada, id)).toMatchObject({ value: { n: 1 }, sequence: 1 });
  });
});
