import { setTimeout as pause } from 'node:timers/promises';
import {
  ConflictsService,
  type DocumentLock,
  EditsService,
  HistoryService,
  DocumentLocksRepository,
  DocumentLocksService,
} from '../../src/documents/index.js';
import type { Caller } from '../../src/shared/auth/index.js';
import { outcomes, startGiven } from '../support/given.js';
import { until } from '../support/until.js';
import { documentScene } from './scene.js';

const TEXT = '# Plan\nabout\n## Goals\n- ship\n## Risks\nnone\n';

describe('locks of documents', () => {
  const given = startGiven({ nodes: 2 });

  async function scene(more: Parameters<Awaited<ReturnType<typeof documentScene>>['document']>[0] = {}) {
    const base = await documentScene(given);
    const { id } = await base.document({ content: TEXT, contentType: 'markdown', ...more });
    const [bob, cyd] = [await base.member('bob', 'editor'), await base.member('cyd', 'editor')];
    return {
      ...base,
      id,
      bob,
      cyd,
      locks: given.node.get(DocumentLocksService),
      elsewhere: given.second.get(DocumentLocksService),
      edits: given.node.get(EditsService),
      /** Lets every lock of the document end now. */
      expire: () =>
        base.rows(
          `UPDATE document_locks SET expires_at = clock_timestamp() - interval '1 ms' WHERE tenant_id = $1 AND document_id = $2`,
          id,
        ),
      write: async (who: Caller, content: string, lockToken?: number) => {
        const { version } = await base.documents.get(base.ada, id);
        return base.documents.update(who, id, version, { content, lockToken });
      },
    };
  }
  const exclusive = { mode: 'exclusive' } as const;
  const section = (name: string) => ({ mode: 'section', section: name }) as const;

  it('have one holder among many who ask at once on two nodes, with tokens that rise [S67][S68][S69]', async () => {
    const { id, locks, elsewhere, ada, tenantId, rows } = await scene();
    // More askers than a workspace has members: they have the scope instead.
    const asker = (n: number): Caller => ({ tenantId, actorId: `asker-${n}`, scopes: ['admin'] });
    const tokens: number[] = [];
    for (let round = 0; round < 5; round++) {
      const results = await Promise.allSettled(
        Array.from({ length: 40 }, (_, n) => (n % 2 ? locks : elsewhere).acquire(asker(n), id, exclusive)),
      );
      const granted = results.filter((one): one is PromiseFulfilledResult<DocumentLock> => one.status === 'fulfilled');
      expect(granted).toHaveLength(1);
      const lock = granted[0]?.value as DocumentLock;
      tokens.push(lock.token);
      for (const one of results) {
        if (one.status === 'fulfilled') continue;
        expect(one.reason).toMatchObject({ code: 'locked', details: { holder: lock.holder, until: lock.expiresAt.toISOString() } }); // prettier-ignore
      }
      await locks.release(asker(Number(lock.holder.slice(6))), id, lock.id);
    }
    expect(tokens).toEqual([...tokens].sort((one, other) => one - other));
    expect(new Set(tokens).size).toBe(5);
    expect(await locks.list(ada, id)).toEqual([]);
    expect(await rows('SELECT FROM document_locks WHERE tenant_id = $1 AND document_id = $2', id)).toHaveLength(1);
  });

  it('keep others from writing through every door, and not the holder [S59]', async () => {
    const { id, locks, ada, bob, documents, edits, write, tenantId } = await scene();
    await write(ada, `${TEXT}more\n`);
    const proposed = { change: { content: `${TEXT}other\n` }, strategy: 'merge', by: {} } as const;
    const { conflicts } = await edits.update(ada, id, 1, proposed);
    const [conflict] = conflicts;
    const lock = await locks.acquire(ada, id, exclusive);
    const { version } = await documents.get(ada, id);
    const attempts = [
      documents.update(bob, id, version, { content: 'x' }),
      documents.update(bob, id, version, { title: 'x' }),
      edits.edit(bob, id, { edits: [{ insert: 'x', at: 'end' }] }),
      edits.update(bob, id, 1, { change: { content: 'x' }, strategy: 'latest_wins', by: {} }),
      given.node.get(HistoryService).restore(bob, id, version, { version: 1 }),
      given.node.get(ConflictsService).resolve(bob, id, conflict?.id ?? '', { choose: 'proposed' }),
      documents.delete(bob, id),
    ];
    for (const result of await Promise.allSettled(attempts)) {
      expect(result).toMatchObject({ reason: { code: 'locked', details: { holder: 'ada' } } });
    }
    expect(await documents.get(ada, id)).toMatchObject({ version });
    await write(ada, 'mine', lock.token);
    await locks.release(ada, id, lock.id);
    await write(bob, 'his');
    expect(await given.node.get(DocumentLocksRepository).live(tenantId, id)).toEqual([]);
  });

  it('end by the clock of the database, and then their holder may write until somebody else has one [S59]', async () => {
    const { id, locks, ada, bob, write, expire } = await scene();
    const lock = await locks.acquire(ada, id, exclusive);
    await expire();
    await write(ada, 'still mine', lock.token);
    await write(bob, 'anybody');
    const his = await locks.acquire(bob, id, exclusive);
    expect(his.token).toBeGreaterThan(lock.token);
    await expect(write(ada, 'late', lock.token)).rejects.toMatchObject({ code: 'lock_lost' });
    await locks.release(bob, id, his.id);
    await expect(write(ada, 'later', lock.token)).rejects.toMatchObject({ code: 'lock_lost' });
    await expect(write(ada, 'guessed', his.token + 5)).rejects.toMatchObject({ code: 'lock_lost' });
    await write(ada, 'without a token');
    const taken = await locks.acquire(ada, id, exclusive);
    await locks.forceRelease({ ...ada, scopes: ['admin'] }, id, taken.id);
    await expect(write(ada, 'taken away', taken.token)).rejects.toMatchObject({ code: 'lock_lost' });
    const other = await locks.acquire(bob, id, exclusive);
    await expire();
    await expect(write(ada, 'of another', other.token)).rejects.toMatchObject({ code: 'lock_lost' });
    await expect(locks.renew(ada, id, lock.id)).rejects.toMatchObject({ code: 'lock_lost' });
    await expect(locks.release(ada, id, lock.id)).rejects.toMatchObject({ code: 'lock_lost' });
  });

  it('are renewed by their holder, by asking again as well', async () => {
    const { id, locks, ada, bob } = await scene();
    const lock = await locks.acquire(ada, id, { ...exclusive, seconds: 60 });
    const again = await locks.acquire(ada, id, { ...exclusive, seconds: 600 });
    expect([again.id, again.token]).toEqual([lock.id, lock.token]);
    const renewed = await locks.renew(ada, id, lock.id, 1_200);
    const lengths = [lock, again, renewed].map((one) => one.expiresAt.getTime() - one.acquiredAt.getTime());
    expect(lengths).toEqual([...lengths].sort((one, other) => one - other));
    await expect(locks.renew(bob, id, lock.id)).rejects.toMatchObject({ code: 'lock_lost' });
    await expect(locks.release(bob, id, lock.id)).rejects.toMatchObject({ code: 'lock_lost' });
    expect(await locks.list(bob, id)).toMatchObject([{ id: lock.id, holder: 'ada' }]);
    expect(await locks.ofCaller(ada)).toMatchObject([{ id: lock.id, documentId: id }]);
    expect(await locks.ofCaller(bob)).toEqual([]);
  });

  it('of readers are shared, and keep everybody from writing', async () => {
    const { id, locks, ada, bob, cyd, write } = await scene();
    const shared = { mode: 'shared' } as const;
    const [hers, his] = [await locks.acquire(ada, id, shared), await locks.acquire(bob, id, shared)];
    await expect(locks.acquire(cyd, id, exclusive)).rejects.toMatchObject({ code: 'locked' });
    for (const who of [ada, bob, cyd]) await expect(write(who, 'x')).rejects.toMatchObject({ code: 'locked' });
    await locks.release(bob, id, his.id);
    await write(ada, 'the only reader');
    await locks.release(ada, id, hers.id);
    await write(cyd, 'free');
  });

  it('of a section keep others out of it, and out of nothing else', async () => {
    const { id, locks, ada, bob, edits, documents } = await scene();
    await locks.acquire(ada, id, section('Goals'));
    await expect(locks.acquire(bob, id, section('# Plan'))).rejects.toMatchObject({ code: 'locked' });
    await expect(locks.acquire(bob, id, exclusive)).rejects.toMatchObject({ code: 'locked' });
    await locks.acquire(bob, id, section('Risks'));
    const replace = (who: Caller, find: string, by: string) => edits.edit(who, id, { edits: [{ find, replace: by }] });
    await expect(replace(bob, '- ship', '- ship it')).rejects.toMatchObject({ code: 'locked' });
    await expect(replace(bob, '## Goals\n- ship\n', '')).rejects.toMatchObject({ code: 'locked' });
    await expect(replace(bob, '- ship\n', '- ship\n- more\n')).rejects.toMatchObject({ code: 'locked' });
    await replace(bob, 'none', 'many');
    await replace(bob, 'about', 'about it');
    await expect(replace(ada, 'many', 'few')).rejects.toMatchObject({ code: 'locked', details: { holder: 'bob' } });
    await replace(ada, '- ship', '- ship it');
    expect((await documents.get(ada, id)).content).toBe('# Plan\nabout it\n## Goals\n- ship it\n## Risks\nmany\n');
    await expect(locks.acquire(bob, id, section('Gone'))).rejects.toMatchObject({ code: 'section_not_found' });
  });

  it('of a JSON path hold for what is below it', async () => {
    const { id, locks, ada, bob, edits } = await scene({ contentType: 'json', content: '{"a":{"b":1,"c":1},"d":1}' });
    await locks.acquire(ada, id, section('/a/b'));
    const set = (who: Caller, merge: { [key: string]: object | number }) =>
      edits.edit(who, id, { edits: [{ merge: merge as never }] });
    await expect(set(bob, { a: { b: 2 } })).rejects.toMatchObject({ code: 'locked' });
    await expect(set(bob, { a: 1 })).rejects.toMatchObject({ code: 'locked' });
    await set(bob, { a: { c: 2 }, d: 2 });
    await set(ada, { a: { b: 2 } });
    await expect(locks.acquire(bob, id, section('/a'))).rejects.toMatchObject({ code: 'locked' });
    await locks.acquire(bob, id, section('/a/c'));
    await expect(locks.acquire(bob, id, section('/x'))).rejects.toMatchObject({ code: 'section_not_found' });
  });

  it('are waited for in the order in which they were asked for, on every node', async () => {
    const { id, locks, elsewhere, ada, tenantId, rows } = await scene();
    const asker = (n: number): Caller => ({ tenantId, actorId: `asker-${n}`, scopes: ['admin'] });
    const first = await locks.acquire(ada, id, exclusive);
    const order: number[] = [];
    const waiting: Promise<void>[] = [];
    for (let n = 0; n < 6; n++) {
      const service = n % 2 ? locks : elsewhere;
      const waits = async () => {
        const lock = await service.acquire(asker(n), id, { ...exclusive, waitSeconds: 30 });
        order.push(n);
        await service.release(asker(n), id, lock.id);
      };
      waiting.push(waits());
      const queue = 'SELECT FROM document_lock_waits WHERE tenant_id = $1 AND document_id = $2';
      await until(async () => (await rows(queue, id)).length === n + 1);
    }
    await locks.release(ada, id, first.id);
    await Promise.all(waiting);
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await rows('SELECT FROM document_lock_waits WHERE tenant_id = $1')).toEqual([]);
  });

  it('are waited for until they expire, and no longer than was said', async () => {
    const { id, locks, ada, bob, expire } = await scene();
    const lock = await locks.acquire(ada, id, exclusive);
    await expect(locks.acquire(bob, id, { ...exclusive, waitSeconds: 1 })).rejects.toMatchObject({ code: 'locked' });
    const waiting = locks.acquire(bob, id, { ...exclusive, waitSeconds: 20 });
    await pause(50);
    await expire();
    expect((await waiting).token).toBeGreaterThan(lock.token);
  });

  it('are waited for without a transaction, also by a request that may be repeated, which gets the same lock', async () => {
    const { id, http, locks, ada, write } = await scene();
    const lock = await locks.acquire(ada, id, exclusive);
    const ask = () =>
      http.post<{ token: number }>(
        `/v1/documents/${id}/locks`,
        { mode: 'exclusive', waitSeconds: 20 },
        { headers: { 'idempotency-key': 'once' } },
      );
    const waiting = ask();
    await pause(100);
    // The waiter holds nothing that the holder needs.
    await write(ada, 'meanwhile', lock.token);
    await locks.renew(ada, id, lock.id);
    await locks.release(ada, id, lock.id);
    const { status, body } = await waiting;
    expect([status, body.token]).toEqual([201, lock.token + 1]);
    expect((await ask()).body).toEqual(body);
  });

  it('are fifty for a document at most', async () => {
    const headings = Array.from({ length: 51 }, (_, n) => `# Part ${n}\n`);
    const { id, locks, ada } = await scene({ content: headings.join('') });
    for (let n = 0; n < 50; n++) await locks.acquire(ada, id, section(`Part ${n}`));
    await expect(locks.acquire(ada, id, section('Part 50'))).rejects.toMatchObject({ code: 'too_many_locks' });
    await locks.acquire(ada, id, section('Part 3'));
  });

  it('of a section are not passed by way of another type of the content', async () => {
    const { id, locks, ada, bob, documents } = await scene({ contentType: 'json', content: '{"a":{"b":1}}' });
    await locks.acquire(ada, id, section('/a/b'));
    const retyped = documents.update(bob, id, 1, { contentType: 'text' });
    await expect(retyped).rejects.toMatchObject({ code: 'locked' });
    await documents.update(ada, id, 1, { contentType: 'text' });
  });

  it('are not waited for by who hangs up, and he is in nobody’s way', async () => {
    const { id, locks, ada, bob, cyd, rows } = await scene();
    const lock = await locks.acquire(ada, id, exclusive);
    const hangUp = new AbortController();
    const gone = locks.acquire(bob, id, { ...exclusive, waitSeconds: 30 }, { signal: hangUp.signal });
    const left = expect(gone).rejects.toMatchObject({ code: 'locked' });
    await until(async () => (await rows('SELECT FROM document_lock_waits WHERE tenant_id = $1')).length === 1);
    const waiting = locks.acquire(cyd, id, { ...exclusive, waitSeconds: 30 });
    hangUp.abort();
    await left;
    await locks.release(ada, id, lock.id);
    expect(await waiting).toMatchObject({ holder: 'cyd' });
    // One whose node has died is passed over.
    await rows(
      `INSERT INTO document_lock_waits (tenant_id, document_id, id, mode, holder, seen_at)
       VALUES ($1, $2, '00000000-0000-7000-8000-000000000000', 'exclusive', 'dead', now() - interval '6 s')`,
      id,
    );
    await locks.release(cyd, id, (await waiting).id);
    expect(await locks.acquire(bob, id, exclusive)).toMatchObject({ holder: 'bob' });
  });

  it('are refused to the one who came last, where everybody would wait for ever', async () => {
    const { id, document, locks, elsewhere, ada, bob, cyd } = await scene();
    const [second, third] = [await document(), await document()];
    const ids = [id, second.id, third.id];
    const holders = [ada, bob, cyd];
    for (const [n, who] of holders.entries()) await locks.acquire(who, ids[n] ?? '', exclusive);
    const waits = holders.map((who, n) =>
      (n % 2 ? locks : elsewhere).acquire(who, ids[(n + 1) % 3] ?? '', { ...exclusive, waitSeconds: 5 }),
    );
    const results = await Promise.allSettled(waits);
    expect(outcomes(results).filter((one) => one === 'deadlock')).toHaveLength(1);
    expect(outcomes(results).filter((one) => one === 'locked')).toHaveLength(2);
  });

  it('are taken away by who may manage the workspace, and told in its feed', async () => {
    const { id, http, ada, bob, locks, member, eventsOf, rows } = await scene();
    const lock = await locks.acquire(bob, id, exclusive);
    await expect(locks.forceRelease(await member('dan', 'editor'), id, lock.id)).rejects.toMatchObject({ code: 'not_permitted' }); // prettier-ignore
    expect((await http.post(`/v1/documents/${id}/locks/${lock.id}/force-release`)).status).toBe(204);
    expect((await http.post(`/v1/documents/${id}/locks/${lock.id}/force-release`)).status).toBe(404);
    expect(await locks.acquire(ada, id, exclusive)).toMatchObject({ holder: 'ada' });
    const types = (await eventsOf(id)).map(({ type }) => type).filter((type) => /locked/.test(type));
    expect(types).toEqual(['document.locked', 'document.unlocked', 'document.locked']);
    const audited = await rows(`SELECT FROM audit_log WHERE tenant_id = $1 AND operation LIKE '%/force-release'`);
    expect(audited).toHaveLength(1);
  });

  it('are asked for over HTTP', async () => {
    const { id, http, bob, locks } = await scene();
    const path = `/v1/documents/${id}/locks`;
    const made = await http.post<{ id: string; token: number }>(path, {
      mode: 'section',
      section: 'Goals',
      seconds: 60,
    });
    expect(made).toMatchObject({ status: 201, body: { mode: 'section', section: 'Goals', token: 1, documentId: id } });
    expect((await http.get<{ items: object[] }>(path)).body.items).toHaveLength(1);
    expect((await http.get<{ items: object[] }>('/v1/documents/locks')).body.items).toHaveLength(1);
    expect((await http.post(`${path}/${made.body.id}/renew`, { seconds: 90 })).status).toBe(200);
    expect((await http.delete(`${path}/${made.body.id}`)).status).toBe(204);
    expect(await http.delete(`${path}/${made.body.id}`)).toMatchObject({ status: 409, body: { code: 'lock_lost' } });
    const held = await locks.acquire(bob, id, exclusive);
    expect(await http.post(path, { mode: 'exclusive' })).toMatchObject({
      status: 423,
      body: { code: 'locked', holder: 'bob', until: held.expiresAt.toISOString() },
    });
    const refusals: object[] = [
      {},
      { mode: 'other' },
      { mode: 'section' },
      { mode: 'exclusive', section: 'Goals' },
      { mode: 'exclusive', seconds: 1_801 },
      { mode: 'exclusive', seconds: 0 },
      { mode: 'exclusive', waitSeconds: 31 },
      { mode: 'exclusive', holder: 'me' },
    ];
    for (const body of refusals) expect([body, (await http.post(path, body)).status]).toEqual([body, 400]);
  });
});
