import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Transactional, Transactions } from '../../src/shared/database/index.js';
import { InvalidTransaction } from '../../src/shared/errors/index.js';
import { type Notebook, notesDatabase, NotesRepository, openNotes } from '../support/notes.js';

class Refused extends Error {}

@Injectable()
class Service {
  constructor(
    private readonly notes: NotesRepository,
    private readonly transactions: Transactions,
  ) {}

  /** Writes, does `inner`, and rolls back when that fails unless told to live with it. */
  @Transactional()
  async outer(tenant: string, inner: () => Promise<unknown>, { forgive = false, fail = false } = {}): Promise<unknown> {
    await this.notes.add(tenant, 'outer');
    const result = forgive ? await inner().catch(() => undefined) : await inner();
    if (fail) throw new Refused();
    return result;
  }

  @Transactional()
  required(tenant: string, fail = false): Promise<string | undefined> {
    return this.write(tenant, fail);
  }

  @Transactional({ propagation: 'requires_new' })
  requiresNew(tenant: string, fail = false): Promise<string | undefined> {
    return this.write(tenant, fail);
  }

  @Transactional({ propagation: 'nested' })
  nested(tenant: string, fail = false): Promise<string | undefined> {
    return this.write(tenant, fail);
  }

  @Transactional({ propagation: 'mandatory' })
  mandatory(tenant: string, fail = false): Promise<string | undefined> {
    return this.write(tenant, fail);
  }

  @Transactional({ propagation: 'never' })
  never(tenant: string, fail = false): Promise<string | undefined> {
    return this.write(tenant, fail);
  }

  @Transactional({ propagation: 'supports' })
  supports(tenant: string, fail = false): Promise<string | undefined> {
    return this.write(tenant, fail);
  }

  @Transactional({ propagation: 'not_supported' })
  notSupported(tenant: string, fail = false): Promise<string | undefined> {
    return this.write(tenant, fail);
  }

  /** Answers the transaction it was in. */
  private async write(tenant: string, fail: boolean): Promise<string | undefined> {
    await this.notes.add(tenant, 'inner');
    if (fail) throw new Refused();
    return this.transactions.current()?.id;
  }
}

describe('@Transactional propagation [S88]', () => {
  let app: Notebook;
  let service: Service;
  let tenant: string;

  beforeAll(async () => {
    app = await openNotes({ url: await notesDatabase() }, [Service]);
    service = app.module.get(Service);
  });
  beforeEach(() => (tenant = randomUUID()));
  afterAll(() => app.close());

  const outerId = () => app.transactions.current()?.id;

  it('required begins a transaction and rolls it back with the method', async () => {
    await expect(service.required(tenant, true)).rejects.toThrow(Refused);
    expect(await app.committed(tenant)).toEqual([]);

    expect(await service.required(tenant)).toBeDefined();
    expect(await app.committed(tenant)).toEqual(['inner']);
  });

  it('required joins the running transaction and shares its fate', async () => {
    const [outer, inner] = (await service.outer(tenant, async () => [outerId(), await service.required(tenant)])) as [
      string,
      string,
    ];
    expect(inner).toBe(outer);

    const other = randomUUID();
    await expect(service.outer(other, () => service.required(other), { fail: true })).rejects.toThrow(Refused);
    expect(await app.committed(other)).toEqual([]);
  });

  it('requires_new commits on its own even when the outer transaction rolls back', async () => {
    await expect(service.outer(tenant, () => service.requiresNew(tenant), { fail: true })).rejects.toThrow(Refused);

    expect(await app.committed(tenant)).toEqual(['inner']);
  });

  it('requires_new fails on its own, and the outer transaction can go on', async () => {
    await service.outer(tenant, () => service.requiresNew(tenant, true), { forgive: true });

    expect(await app.committed(tenant)).toEqual(['outer']);
  });

  it('nested is undone alone when it fails', async () => {
    await service.outer(tenant, () => service.nested(tenant, true), { forgive: true });

    expect(await app.committed(tenant)).toEqual(['outer']);
  });

  it('nested goes with the outer transaction when that fails', async () => {
    await expect(service.outer(tenant, () => service.nested(tenant), { fail: true })).rejects.toThrow(Refused);

    expect(await app.committed(tenant)).toEqual([]);
  });

  it('nested may fail in a statement, which would abort a plain transaction', async () => {
    const broken = () => app.transactions.run({ propagation: 'nested' }, () => app.notes.run('SELECT 1 / 0'));
    await service.outer(tenant, broken, { forgive: true });

    expect(await app.committed(tenant)).toEqual(['outer']);
  });

  it('nested many levels deep undoes only what is below the failure', async () => {
    const inside = (depth: number): Promise<void> =>
      app.transactions.run({ propagation: 'nested' }, async () => {
        await app.notes.add(tenant, `level ${depth}`);
        if (depth === 4) throw new Refused();
        if (depth === 2) await inside(depth + 1).catch(() => undefined);
        else await inside(depth + 1);
      });
    await inside(0);

    expect(await app.committed(tenant)).toEqual(['level 0', 'level 1', 'level 2']);
  });

  it('nested begins a transaction where there is none', async () => {
    expect(await service.nested(tenant)).toBeDefined();
    expect(await app.committed(tenant)).toEqual(['inner']);
  });

  it('mandatory joins a transaction and refuses to run without one', async () => {
    await expect(service.mandatory(tenant)).rejects.toThrow(InvalidTransaction);
    expect(await app.committed(tenant)).toEqual([]);

    await service.outer(tenant, () => service.mandatory(tenant));
    expect(await app.committed(tenant)).toEqual(['inner', 'outer']);
  });

  it('never refuses to run inside a transaction', async () => {
    await expect(service.outer(tenant, () => service.never(tenant))).rejects.toThrow(InvalidTransaction);
    expect(await app.committed(tenant)).toEqual([]);

    expect(await service.never(tenant)).toBeUndefined();
    expect(await app.committed(tenant)).toEqual(['inner']);
  });

  it('supports joins a transaction where there is one', async () => {
    expect(await service.outer(tenant, () => service.supports(tenant))).toBeDefined();
    expect(await service.supports(randomUUID())).toBeUndefined();

    const alone = randomUUID();
    await expect(service.supports(alone, true)).rejects.toThrow(Refused);
    expect(await app.committed(alone)).toEqual(['inner']);
  });

  it('not_supported runs outside the transaction around it', async () => {
    await expect(service.outer(tenant, () => service.notSupported(tenant), { fail: true })).rejects.toThrow(Refused);

    expect(await app.committed(tenant)).toEqual(['inner']);
  });

  it('keeps hundreds of concurrent transactions apart [S138]', async () => {
    const failing = (index: number) => index % 3 === 0;
    const runs = Array.from({ length: 300 }, (_, index) =>
      app.transactions.run({}, async () => {
        const mine = outerId();
        await app.notes.add(tenant, `note ${index}`);
        await app.ordinary.notes.countBy({ tenantId: tenant });
        expect(outerId()).toBe(mine);
        if (failing(index)) throw new Refused();
        return mine;
      }),
    );
    const results = await Promise.allSettled(runs);

    const ids = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    expect(new Set(ids).size).toBe(200);
    expect(await app.committed(tenant)).toHaveLength(200);
  });

  it('tells a service that Nest did not make', async () => {
    const orphan = new Service(app.notes, app.transactions);

    expect(() => orphan.required(tenant)).toThrow(InvalidTransaction);
  });
});
