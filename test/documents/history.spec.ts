import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { HistoryService, OperationsRepository, OperationsService } from '../../src/documents/index.js';
import { connected } from '../support/database.js';
import { outcomes, startGiven } from '../support/given.js';
import { until } from '../support/until.js';
import { documentScene } from './scene.js';

const NOTE = { operationType: 'insert', value: { text: 'x' } } as const;

describe('the log of a document', () => {
  const given = startGiven({ nodes: 2 });

  async function scene() {
    const base = await documentScene(given);
    const { id } = await base.document({ content: 'one\n' });
    const operations = given.node.get(OperationsService);
    const sequences = async () =>
      (await operations.list(base.ada, id, { limit: 1_000 })).map(({ sequence }) => sequence);
    return { ...base, id, operations, history: given.node.get(HistoryService), sequences, path: `/v1/documents/${id}` };
  }
  const upTo = (n: number, from = 1): number[] => Array.from({ length: n - from + 1 }, (_, index) => from + index);

  it('has each change with its author, its task and what it changed [S64][S65]', async () => {
    const { ada, id, documents, operations, member, task } = await scene();
    const bob = await member('bob', 'editor');
    const { id: taskId } = await task();
    await documents.update(bob, id, 1, { content: 'one\ntwo\n', taskId, epoch: 3 });
    const [first, second] = await operations.list(ada, id, { limit: 10 });
    expect(first).toMatchObject({
      sequence: 1,
      operationType: 'insert',
      value: { title: 'Notes', splices: [[0, 0, 'one\n']] },
      agentId: 'ada',
      taskId: null,
      version: 1,
    });
    expect(second).toMatchObject({
      documentId: id,
      sequence: 2,
      operationType: 'update',
      path: null,
      value: { title: 'Notes', splices: [[4, 0, 'two\n']] },
      agentId: 'bob',
      taskId,
      epoch: 3,
      vectorClock: { ada: 1, bob: 1 },
      version: 2,
    });
    expect(second?.appliedAt).toBeInstanceOf(Date);
  });

  it('numbers what hundreds record at once on two nodes 1, 2, 3 …, changes of the content among them [S63][S115]', async () => {
    const { ada, id, operations, documents, sequences } = await scene();
    const second = given.second.get(OperationsService);
    const recording = Array.from({ length: 400 }, (_, n) => (n % 2 ? second : operations).record(ada, id, NOTE));
    const changing = (async () => {
      for (let version = 1; version <= 20; version++)
        await documents.update(ada, id, version, { content: `${version}` });
    })();
    const recorded = await Promise.all(recording);
    await changing;
    expect(await sequences()).toEqual(upTo(421));
    expect(new Set(recorded.map(({ sequence }) => sequence)).size).toBe(400);
    expect(new Set(recorded.map((one) => one.id)).size).toBe(400);
  });

  it('has no gap where a transaction failed, or its connection was killed in the middle', async () => {
    const { ada, id, operations, tenantId, sequences } = await scene();
    const repository = given.node.get(OperationsRepository);
    const failed = given.node.transactions.run({}, async () => {
      await operations.record(ada, id, NOTE);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    const tx = await repository.beginTx();
    await repository.withTx(tx).record(tenantId, id, { ...NOTE, agentId: 'ada', vectorClock: {}, applied: true });
    const waiting = operations.record(ada, id, NOTE);
    await connected(given.node.databaseUrl, (client) =>
      client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND state = 'idle in transaction' AND pid <> pg_backend_pid()`,
      ),
    );
    expect(await waiting).toMatchObject({ sequence: 2 });
    await tx.rollback();
    expect(await sequences()).toEqual([1, 2]);
  });

  it('keeps what waits until it is applied, once [S116]', async () => {
    const { http, path, operations, ada, id } = await scene();
    const made = await http.post<{ id: string; sequence: number }>(`${path}/operations`, { ...NOTE, applied: false });
    expect(made).toMatchObject({ status: 201, body: { sequence: 2, appliedAt: null } });
    await operations.record(ada, id, NOTE);
    const waiting = await http.get<{ items: object[] }>(`${path}/operations?pending=true`);
    expect(waiting.body.items).toMatchObject([{ id: made.body.id, sequence: 2 }]);

    const apply = () => http.post(`${path}/operations/${made.body.id}/applied`);
    const answers = await Promise.all(Array.from({ length: 10 }, apply));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
    expect((await http.get<{ items: object[] }>(`${path}/operations?pending=true`)).body.items).toEqual([]);
    expect((await http.post(`${path}/operations/${randomUUID()}/applied`)).status).toBe(404);
  });

  it('is read from a number on, or between two', async () => {
    const { operations, ada, id, http, path } = await scene();
    for (let n = 0; n < 9; n++) await operations.record(ada, id, NOTE);
    const page = await http.get<{ items: { sequence: number }[] }>(`${path}/operations?after=4&limit=3`);
    expect(page.body.items.map(({ sequence }) => sequence)).toEqual([5, 6, 7]);
    expect((await operations.bySequence(ada, id, 3, 5)).map(({ sequence }) => sequence)).toEqual([3, 4, 5]);
  });

  it('refuses what it cannot keep [S66]', async () => {
    const { http, path, operations, ada, id, sequences, member } = await scene();
    const refusals: [object, number][] = [
      [{ operationType: 'explode', value: 1 }, 400],
      [{ operationType: 'insert' }, 400],
      [{ ...NOTE, value: { a: '\u0000' } }, 400],
      [{ ...NOTE, vectorClock: { a: -1 } }, 400],
      [{ ...NOTE, vectorClock: { a: 1.5 } }, 400],
      [{ ...NOTE, vectorClock: [1] }, 400],
      [{ ...NOTE, path: 'x'.repeat(2_001) }, 400],
      [{ ...NOTE, sequence: 9 }, 400],
    ];
    for (const [body, status] of refusals) {
      expect([body, (await http.post(`${path}/operations`, body)).status]).toEqual([body, status]);
    }
    const own = { ...NOTE, id: randomUUID() };
    await operations.record(ada, id, own);
    const again = await Promise.allSettled([operations.record(ada, id, own), operations.record(ada, id, NOTE)]);
    expect(outcomes(again)).toEqual(['already_exists', 'fulfilled']);
    await expect(operations.record(await member('vic', 'viewer'), id, NOTE)).rejects.toMatchObject({ code: 'not_permitted' }); // prettier-ignore
    await expect(operations.record(ada, randomUUID(), NOTE)).rejects.toMatchObject({ code: 'not_found' });
    expect(await sequences()).toEqual([1, 2, 3]);
  });

  it('is announced by its feed up to the last operation', async () => {
    const { operations, ada, id, eventsOf } = await scene();
    await Promise.all(Array.from({ length: 50 }, () => operations.record(ada, id, NOTE)));
    await until(async () => {
      const { data } = (await eventsOf(id)).at(-1) ?? {};
      return (data as { sequence?: number } | undefined)?.sequence === 51;
    }, 'the feed knows of the last operation');
  });

  it('gives every version as it was, whatever was compacted before it', async () => {
    const word = fc.constantFrom('alpha', 'beta', 'gamma\n', '😀', '\n');
    const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(''));
    const step = fc.oneof(
      { weight: 6, arbitrary: text.map((content) => ({ kind: 'write' as const, content })) },
      { weight: 1, arbitrary: fc.nat(12).map((back) => ({ kind: 'compact' as const, back })) },
      { weight: 1, arbitrary: fc.constant({ kind: 'snapshot' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'purge' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'note' as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const { ada, id, documents, history, operations } = await scene();
        const versions = ['', 'one\n'];
        let oldest = 1;
        for (const one of steps) {
          if (one.kind === 'write') {
            await documents.update(ada, id, versions.length - 1, { content: one.content });
            versions.push(one.content);
          } else if (one.kind === 'note') await operations.record(ada, id, NOTE);
          else if (one.kind === 'snapshot') await history.createSnapshot(ada, id);
          else if (one.kind === 'purge') await history.purgeSnapshots(ada, id, 1);
          else {
            const log = await operations.list(ada, id, { limit: 1_000 });
            const last = log.at(-1)?.sequence ?? 0;
            await history.compact(ada, id, Math.max(1, last - one.back));
            const kept = await operations.list(ada, id, { limit: 1_000 });
            oldest = Math.max(oldest, kept.find(({ version }) => version !== null)?.version ?? versions.length - 1);
          }
        }
        for (let version = oldest; version < versions.length; version++) {
          expect(await history.at(ada, id, version)).toMatchObject({ version, content: versions[version] });
        }
        await expect(history.at(ada, id, versions.length)).rejects.toMatchObject({ code: 'not_found' });
      }),
      { numRuns: 25 },
    );
  });

  it('is short for a document that changes often: a snapshot every hundred versions', async () => {
    const { ada, id, documents, history, http, path } = await scene();
    for (let version = 1; version < 205; version++) await documents.update(ada, id, version, { content: `${version}` });
    const { body } = await http.get<{ items: { version: number }[] }>(`${path}/snapshots`);
    expect(body.items.map(({ version }) => version)).toEqual([200, 100]);
    expect(await history.at(ada, id, 137)).toMatchObject({ content: '136' });
  });

  it('is compacted with what waits and what comes after it left, and goes on with its numbers', async () => {
    const { ada, id, documents, history, operations, sequences, http, path } = await scene();
    for (let version = 1; version < 6; version++) await documents.update(ada, id, version, { content: `${version}` });
    const { id: waiting } = await operations.record(ada, id, { ...NOTE, applied: false });
    for (let version = 6; version < 9; version++) await documents.update(ada, id, version, { content: `${version}` });
    expect(await history.compact(ada, id, 9)).toBe(6);
    expect(await sequences()).toEqual([7, 8, 9, 10]);
    await operations.markApplied(ada, id, waiting);
    const answer = await http.post(`${path}/operations/compact`, { beforeSequence: 10_000 });
    expect(answer).toMatchObject({ status: 200, body: { removed: 4 } });
    expect(await sequences()).toEqual([]);
    expect(await operations.record(ada, id, NOTE)).toMatchObject({ sequence: 11 });
    expect(await history.compact(ada, id, 12)).toBe(1);
    expect(await operations.record(ada, id, NOTE)).toMatchObject({ sequence: 12 });
    await documents.update(ada, id, 9, { content: 'last' });
    expect(await sequences()).toEqual([12, 13]);
    expect(await history.at(ada, id, 9)).toMatchObject({ content: '8' });
  });

  it('keeps snapshots with a label, gives them back and removes the oldest', async () => {
    const { http, path, at, documents, ada, id } = await scene();
    const first = await http.post<{ id: string }>(`${path}/snapshots`, { label: 'first' });
    expect(first).toMatchObject({ status: 201, body: { version: 1, sequence: 1, label: 'first', bytes: 4 } });
    await documents.update(ada, id, 1, { content: 'two\n', title: 'Other' });
    await http.post(`${path}/snapshots`, {});
    expect((await http.get(`${path}/snapshots/${first.body.id}`)).body).toMatchObject({ content: 'one\n' });
    expect((await http.get(`${path}/snapshots/${randomUUID()}`)).status).toBe(404);
    expect((await http.get<{ items: object[] }>(`${path}/snapshots?limit=1`)).body).toMatchObject({
      hasMore: true,
      items: [{ version: 2, label: null }],
    });

    const restored = await http.post(`${path}/restore`, { version: 1 }, at(2));
    expect(restored).toMatchObject({ status: 200, body: { title: 'Notes', content: 'one\n', version: 3 } });
    expect((await http.post(`${path}/restore`, { version: 9 }, at(3))).status).toBe(404);
    expect((await http.post(`${path}/restore`, { version: 1 }, at(2))).status).toBe(412);
    expect((await http.get(`${path}/content?version=2`)).body).toEqual({
      version: 2,
      title: 'Other',
      content: 'two\n',
    });
    expect((await http.post(`${path}/snapshots/purge`, { keepLast: 0 })).status).toBe(400);
    expect((await http.post(`${path}/snapshots/purge`, { keepLast: 1 })).body).toEqual({ removed: 1 });
  });
});
