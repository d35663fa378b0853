import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { DEFAULT_LEASE_SECONDS } from '../../src/tasks/index.js';
import { aTask, startGiven, type Tenant } from '../support/given.js';
import type { Answer } from '../support/http-client.js';

interface Problem {
  code: string;
  status: number;
  errors?: { field: string; rule: string; message: string }[];
}

/** Fields of a body with one wrong value each, and the rule that refuses it. */
const WRONG: [field: string, value: unknown][] = [
  ['type', undefined],
  ['type', ''],
  ['type', 'two words'],
  ['type', 'x'.repeat(201)],
  ['type', 7],
  ['title', undefined],
  ['title', null],
  ['title', ''],
  ['title', 'x'.repeat(501)],
  ['title', ['x']],
  ['workspaceId', 'default'],
  ['workspaceId', null],
  ['description', 7],
  ['description', 'x'.repeat(100_001)],
  ['parameters', null],
  ['parameters', []],
  ['parameters', 'x'],
  ['priority', 'urgent'],
  ['priority', 0],
  ['priority', 'constructor'],
  ['requiredCapabilities', 'sql'],
  ['requiredCapabilities', [' ']],
  ['requiredCapabilities', [7]],
  ['requiredCapabilities', Array(65).fill('x')],
  ['requiredCapabilities', ['x'.repeat(65)]],
  ['tags', [null]],
  ['tags', ['']],
  ['tags', { a: 1 }],
  ['tags', Array(65).fill('x')],
  ['labels', []],
  ['labels', { a: 1 }],
  ['labels', { '': 'x' }],
  ['parentTaskId', 'root'],
  ['dependsOn', { taskId: 'x' }],
  ['dependsOn[0].taskId', [{}]],
  ['dependsOn[0]', [null]],
  ['dependsOn[0].kind', [{ taskId: uuidv7(), kind: 'loves' }]],
  ['dependsOn[0].colour', [{ taskId: uuidv7(), colour: 'red' }]],
  ['dependsOn', Array(1_001).fill({ taskId: uuidv7() })],
  ['runAt', 'tomorrow'],
  ['runAt', 1_700_000_000],
  ['runAt', '2026-01-01'],
  ['deadline', '2026-02-30T00:00:00Z'],
  ['deadline', '9999-01-01T00:00:00Z'],
  ['maxAttempts', 0],
  ['maxAttempts', 101],
  ['maxAttempts', 2.5],
  ['maxAttempts', '3'],
  ['maxAttempts', 1e300],
  ['externalRef', ''],
  ['assignedTo', 'ada'],
  ['id', uuidv7()],
  ['tenantId', uuidv7()],
  ['status', 'completed'],
  ['colour', 'red'],
];

/** JSON texts that mean something JavaScript or PostgreSQL cannot keep, as the value of a member. */
const UNKEPT: [what: string, json: string, rule: string][] = [
  ['a NUL character', '"a\\u0000b"', 'noNul'],
  ['a NUL character in a key', '{"a\\u0000b":1}', 'noNul'],
  ['half a surrogate pair', '"\\ud83e"', 'isWellFormed'],
  ['the other half', '["\\udd8a\\ud83e"]', 'isWellFormed'],
  ['a number beyond all', '1e400', 'isExactNumber'],
  ['a number below all', '-1e999999999', 'isExactNumber'],
  ['an integer of thirty digits', '123456789012345678901234567890', 'isExactNumber'],
  ['2^53 + 1', '9007199254740993', 'isExactNumber'],
  ['a key given twice', '{"a":1,"a":2}', 'uniqueKey'],
  ['a replaced prototype', '{"__proto__":{"a":1}}', 'noPrototype'],
  ['nesting of 65', `${'['.repeat(65)}${']'.repeat(65)}`, 'maxDepth'],
  ['nesting of 100,000', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'maxDepth'],
  ['objects in objects', `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`, 'maxDepth'],
];

/** The same, but such that it can be kept. */
const KEPT: string[] = [
  '9007199254740992',
  '-9007199254740991',
  '1.7976931348623157e308',
  '5e-324',
  '0.1',
  '1e2',
  '1234567.891011',
  '"🦊 \\ud83e\\udd8a \\u2028 \\\\ \\" \\u001f"',
  '{"constructor":1,"toString":null,"hasOwnProperty":[]}',
  `${'['.repeat(60)}${']'.repeat(60)}`,
  '{"":{" ":"","\\t":"\\n"}}',
];

describe('bad input', () => {
  const given = startGiven();

  const claimed = async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const [lease] = await tenant.claim(tenant.ada);
    return { ...tenant, id: lease?.task.id ?? '', epoch: lease?.epoch ?? 0 };
  };
  const isProblem = ({ status, body, headers }: Answer<Problem>) => {
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({ status, code: expect.stringMatching(/^[a-z_]+$/) as string });
  };

  it.each(WRONG)('is refused with field and rule: %s = %j', async (field, value) => {
    const { http, rows } = await given.tenant();
    const [name = ''] = field.split(/[.[]/);

    const answer = await http.post<Problem>('/v1/tasks', { ...aTask(), [name]: value });

    expect(answer.status).toBe(400);
    isProblem(answer);
    expect(answer.body.errors).toMatchObject([{ field, rule: expect.any(String) as string }]);
    expect(answer.body.errors?.[0]?.message).toContain(field);
    expect(await rows('SELECT 1 FROM tasks WHERE tenant_id = $1')).toEqual([]);
  });

  it('is refused with all its fields at once', async () => {
    const { http } = await given.tenant();
    const { body } = await http.post<Problem>('/v1/tasks', { type: 7, priority: 'urgent', tags: 'x', colour: 'red' });

    expect(body.errors?.map(({ field }) => field).sort()).toEqual(['colour', 'priority', 'tags', 'title', 'type']);
    expect(JSON.stringify(body)).toMatch(/critical, high, normal, low, backlog/);
  });

  describe.each<[string, (tenant: Awaited<ReturnType<typeof claimed>>, json: string) => Promise<Answer<Problem>>]>([
    ['parameters.a', ({ http }, json) => http.post('/v1/tasks', `{"type":"x","title":"y","parameters":{"a":${json}}}`)],
    [
      'result',
      ({ http, id, epoch }, json) => http.post(`/v1/tasks/${id}/complete`, `{"epoch":${epoch},"result":${json}}`),
    ],
    [
      'partial',
      ({ http, id, epoch }, json) => http.post(`/v1/tasks/${id}/progress`, `{"epoch":${epoch},"partial":${json}}`),
    ],
  ])('in %s', (field, send) => {
    let tenant: Awaited<ReturnType<typeof claimed>>;
    beforeAll(async () => (tenant = await claimed()));

    it.each(UNKEPT)('refuses %s', async (_, json, rule) => {
      const answer = await send(tenant, json);
      isProblem(answer);
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', errors: [{ rule }] } });
      expect(answer.body.errors?.[0]?.field.startsWith(field)).toBe(true);
    });
  });

  it.each(KEPT)('that only looks bad is kept exactly: %s', async (json) => {
    const { http, id, epoch, get } = await claimed();
    const value: unknown = JSON.parse(json);

    const { status, body } = await http.post<{ id: string }>(
      '/v1/tasks',
      `{"type":"x","title":"y","parameters":{"a":${json}}}`,
    );
    expect(status).toBe(201);
    expect((await http.get(`/v1/tasks/${body.id}`)).body).toMatchObject({ parameters: { a: value } });
    expect((await http.post(`/v1/tasks/${id}/complete`, `{"epoch":${epoch},"result":${json}}`)).status).toBe(200);
    expect((await get(id)).result).toEqual(value);
  });

  it.each<[string, number, string, string]>([
    ['no JSON', 400, '{', 'application/json'],
    ['nothing', 400, '', 'application/json'],
    ['a list', 400, '[]', 'application/json'],
    ['null', 400, 'null', 'application/json'],
    ['a text', 400, '"x"', 'application/json'],
    ['another type', 415, 'a=1', 'application/x-www-form-urlencoded'],
    ['lines where they are not read', 415, '{}', 'application/x-ndjson'],
    [
      'more than the limit',
      413,
      JSON.stringify({ ...aTask(), description: 'x'.repeat(1024 * 1024) }),
      'application/json',
    ],
  ])('as a whole: %s → %i', async (_, status, body, type) => {
    const { http } = await given.tenant();
    const answer = await http.post<Problem>('/v1/tasks', body, { headers: { 'content-type': type } });

    expect(answer.status).toBe(status);
    isProblem(answer);
  });

  it('that is no UTF-8 is refused', async () => {
    const { key } = await given.tenant();
    const response = await fetch(`${given.node.url}/v1/tasks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: Buffer.concat([Buffer.from('{"type":"x","title":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    });
    expect(response.status).toBe(400);
  });

  it('in a path or a query is refused', async () => {
    const { http } = await given.tenant();
    for (const path of ['x', '%00', '%ff', `${uuidv7()}x`, '..%2f', 'null']) {
      expect([400, 404]).toContain((await http.get(`/v1/tasks/${path}`)).status);
    }
    for (const query of ['type=%00', 'after=%00', 'limit=1e3', 'limit=1&limit=2', 'createdAfter=%00']) {
      expect([query, (await http.get(`/v1/tasks?${query}`)).status]).toEqual([query, 400]);
    }
  });

  describe('with a code of its own', () => {
    const problem = (status: number, code: string, more: object = {}) => ({ status, body: { status, code, ...more } });
    const field = (name: string) => ({ errors: [{ field: name }] });

    it('an edge to itself, to another tenant, or closing a cycle: the path is named', async () => {
      const [{ http, tasks }, other] = [await given.workspace({ tasks: 2 }), await given.workspace({ tasks: 1 })];
      const [one = '', two = ''] = tasks.map(({ id }) => id);
      const edge = (from: string, taskId: string) => http.post<Problem>(`/v1/tasks/${from}/edges`, { taskId });

      expect(await edge(one, one)).toMatchObject(problem(422, 'dependency_cycle', { path: [one, one] }));
      expect(await edge(one, other.tasks[0]?.id ?? '')).toMatchObject(
        problem(404, 'not_found', { field: 'taskId', rule: 'exists' }),
      );
      expect((await edge(one, two)).status).toBe(201);
      expect(await edge(two, one)).toMatchObject(problem(422, 'dependency_cycle', { path: [two, one, two] }));
    });

    it('an edge with terms that mean nothing', async () => {
      const { http, tasks } = await given.workspace({ tasks: 2 });
      const [one = '', two = ''] = tasks.map(({ id }) => id);
      for (const [terms, name] of [
        [{ kind: 'conditional' }, 'outcome'],
        [{ kind: 'blocks', outcome: 'failed' }, 'outcome'],
        [{ kind: 'conditional', outcome: 'pending' }, 'outcome'],
        [{ onFailure: 'explode' }, 'onFailure'],
        [{ kind: 'related', onFailure: 'fail' }, 'onFailure'],
        [{ kind: 'discovered_from', onFailure: 'proceed' }, 'onFailure'],
      ] as const) {
        const sent = { taskId: two, ...terms };
        expect(await http.post(`/v1/tasks/${one}/edges`, sent)).toMatchObject(
          problem(400, 'invalid_input', field(name)),
        );
        expect(await http.post('/v1/tasks', { ...aTask(), dependsOn: [sent] })).toMatchObject(
          problem(400, 'invalid_input', field(`dependsOn[0].${name}`)),
        );
      }
    });

    it.each([0, -1, 31_536_000, 1.5, '60', null])(
      'a lease time of %j seconds: zero, a year, no number',
      async (leaseSeconds) => {
        const { http, ada, id, epoch } = await claimed();
        const refused = problem(400, 'invalid_input', field('leaseSeconds'));
        expect(await http.post('/v1/tasks/claim', { agentId: ada.id, leaseSeconds })).toMatchObject(refused);
        const leases = [{ taskId: id, epoch }];
        expect(await http.post('/v1/tasks/heartbeat', { leases, leaseSeconds })).toMatchObject(refused);
        const claimNext = { agentId: ada.id, leaseSeconds };
        expect(await http.post(`/v1/tasks/${id}/complete`, { epoch, claimNext })).toMatchObject(
          problem(400, 'invalid_input', field('claimNext.leaseSeconds')),
        );
      },
    );

    it('a claim for no capability: none can be named, and an agent without any gets what asks for none', async () => {
      const { http, ada, task } = await claimed();
      await task({ requiredCapabilities: ['sql'] });
      const claim = (more: object = {}) => http.post('/v1/tasks/claim', { agentId: ada.id, ...more });
      expect(await claim({ capabilities: [] })).toMatchObject(problem(400, 'invalid_input', field('capabilities')));
      expect(await claim({ types: [] })).toMatchObject(problem(400, 'invalid_input', field('types')));
      expect(await claim({ workspaceIds: [] })).toMatchObject(problem(400, 'invalid_input', field('workspaceIds')));
      expect((await claim()).body).toEqual({ leases: [] });
    });

    it('heartbeats for 10,000 leases', async () => {
      const { http, id, epoch } = await claimed();
      const leases = Array<object>(10_000).fill({ taskId: id, epoch });
      expect(await http.post('/v1/tasks/heartbeat', { leases })).toMatchObject(
        problem(400, 'invalid_input', field('leases')),
      );
    });

    it('a completion with 10 MB of result, and with more than is kept', async () => {
      const { http, id, epoch, get } = await claimed();
      const complete = (size: number) => http.post(`/v1/tasks/${id}/complete`, { epoch, result: 'x'.repeat(size) });
      expect(await complete(10 << 20)).toMatchObject(problem(413, 'body_too_large'));
      expect(await complete(300_000)).toMatchObject(problem(400, 'invalid_input', field('result')));
      expect((await get(id)).status).toBe('in_progress');
    });

    it('a repeat with the same key and another body', async () => {
      const { http, rows } = await given.tenant();
      const send = (title: string) => http.post('/v1/tasks', aTask({ title }), { headers: { 'idempotency-key': 'k' } });
      expect((await send('one')).status).toBe(201);
      expect(await send('two')).toMatchObject(problem(422, 'idempotency_key_reused'));
      expect(await rows('SELECT title FROM tasks WHERE tenant_id = $1')).toEqual([{ title: 'one' }]);
    });

    it.each<[object, string]>([
      [{ backoff: 'exponential', initialSeconds: 1, maxSeconds: 1e308 }, 'retry.maxSeconds'],
      [{ backoff: 'exponential', initialSeconds: 2 ** 53, maxSeconds: 604_800 }, 'retry.initialSeconds'],
      [{ backoff: 'exponential', initialSeconds: 1, maxSeconds: 604_801 }, 'retry.maxSeconds'],
      [{ backoff: 'linear', initialSeconds: -1, maxSeconds: 1 }, 'retry.initialSeconds'],
      [{ backoff: 'linear', initialSeconds: 10, maxSeconds: 1 }, 'retry.initialSeconds'],
      [{ backoff: 'cubic', initialSeconds: 1, maxSeconds: 1 }, 'retry.backoff'],
      [{ backoff: 'linear', initialSeconds: 1 }, 'retry.maxSeconds'],
    ])('a retry policy that overflows or means nothing: %j', async (retry, name) => {
      const { http, tasks } = await given.workspace({ tasks: 1 });
      const refused = problem(400, 'invalid_input', field(name));
      expect(await http.post('/v1/tasks', { ...aTask(), retry })).toMatchObject(refused);
      const batch = problem(400, 'invalid_input', field(`tasks[1].${name}`));
      expect(await http.post('/v1/tasks/batch', { tasks: [aTask(), { ...aTask(), retry }] })).toMatchObject(batch);
      const headers = { 'if-match': '"1"' };
      expect(await http.patch(`/v1/tasks/${tasks[0]?.id}`, { retry }, { headers })).toMatchObject(refused);
    });

    it.each([
      ['complete', {}],
      ['progress', { percent: 1 }],
      ['fail', { error: { code: 'x', message: 'y' } }],
      ['release', {}],
      ['await-input', {}],
    ])('an epoch from the future: %s', async (verb, body) => {
      const { http, id, epoch, ada, get } = await claimed();
      const send = (sent: unknown) => http.post(`/v1/tasks/${id}/${verb}`, { epoch: sent, ...body });
      const lost = { givenEpoch: epoch + 1, currentEpoch: epoch, currentOwner: ada.id, taskStatus: 'in_progress' };
      expect(await send(epoch + 1)).toMatchObject(problem(409, 'lease_lost', lost));
      for (const bad of [2_147_483_648, -1, 1.5, '1', null]) {
        expect(await send(bad)).toMatchObject(problem(400, 'invalid_input', field('epoch')));
      }
      const beat = await http.post('/v1/tasks/heartbeat', { leases: [{ taskId: id, epoch: epoch + 1 }] });
      expect(beat.body).toMatchObject({ results: [{ taskId: id, code: 'lease_lost' }] });
      expect(await get(id)).toMatchObject({ status: 'in_progress', epoch });
    });

    it.each([
      ['timeoutSeconds', 0],
      ['timeoutSeconds', 2_592_001],
      ['dedupeKey', ''],
      ['dedupeKey', 'x'.repeat(201)],
      ['concurrencyKey', ''],
      ['concurrencyKey', 7],
      ['retry', 'often'],
    ])('a task with %s = %j', async (name, value) => {
      const { http } = await given.tenant();
      expect(await http.post('/v1/tasks', { ...aTask(), [name]: value })).toMatchObject(
        problem(400, 'invalid_input', field(name)),
      );
    });
  });

  describe('at random is answered, never by a failure of ours', () => {
    let tenant: Tenant;
    let ids: string[];
    let agentId: string;

    beforeAll(async () => {
      const made = await given.workspace({ agents: ['ada'], tasks: 3 });
      tenant = made;
      ids = made.tasks.map(({ id }) => id);
      agentId = made.ada.id;
    });

    const scalars = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom<unknown>(
        -1,
        0,
        1,
        2 ** 31,
        2 ** 53,
        1e308,
        -0.5,
        '',
        '\u2028',
        'x'.repeat(2_000),
        [],
        {},
        [[]],
        null,
        true,
      ),
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString()),
      fc.uuid(),
    );
    /** Any JSON, or the right fields with any values. */
    const body = (fields: Record<string, fc.Arbitrary<unknown>>) =>
      fc.oneof(
        { weight: 1, arbitrary: fc.jsonValue() },
        {
          weight: 1,
          arbitrary: fc.dictionary(fc.constantFrom(...Object.keys(fields), 'colour'), scalars, {
            noNullPrototype: true,
          }),
        },
        {
          weight: 4,
          arbitrary: fc.record(
            Object.fromEntries(
              Object.entries(fields).map(([name, right]) => [
                name,
                fc.oneof({ weight: 6, arbitrary: right }, { weight: 1, arbitrary: scalars }),
              ]),
            ),
            { requiredKeys: [], noNullPrototype: true },
          ),
        },
      );
    const text = fc.string({ minLength: 1, maxLength: 30 });
    const priority = fc.constantFrom('critical', 'high', 'normal', 'low', 'backlog');
    const changes = {
      title: text,
      description: fc.option(text),
      parameters: fc.dictionary(text, fc.jsonValue(), { noNullPrototype: true }),
      priority,
      tags: fc.array(text),
      labels: fc.dictionary(text, text, { noNullPrototype: true }),
      requiredCapabilities: fc.array(text),
      maxAttempts: fc.integer({ min: -1, max: 102 }),
      externalRef: fc.option(text),
      timeoutSeconds: fc.integer({ min: -1, max: 10_000 }),
      retry: fc.option(
        fc.record({
          backoff: fc.constantFrom('linear', 'exponential'),
          initialSeconds: fc.integer({ min: -1, max: 2 ** 31 }),
          maxSeconds: fc.integer({ min: -1, max: 2 ** 31 }),
        }),
      ),
    };
    const id = fc.oneof(
      fc.constantFrom(0, 1, 2).map((n) => ids[n] ?? ''),
      fc.uuid(),
    );
    const task = {
      ...changes,
      type: fc.constant('x'),
      dependsOn: fc.array(fc.record({ taskId: id, kind: fc.constantFrom('blocks', 'related') }), { maxLength: 3 }),
      parentTaskId: fc.option(id),
      dedupeKey: fc.option(text),
      concurrencyKey: fc.option(text),
    };
    const epoch = fc.integer({ min: -1, max: 3 });

    it.each<[string, () => fc.Arbitrary<unknown>, (body: unknown) => Promise<Answer<Problem>>]>([
      ['POST /v1/tasks', () => body(task), (sent) => tenant.http.post('/v1/tasks', JSON.stringify(sent))],
      [
        'POST /v1/tasks/batch',
        () =>
          body({
            tasks: fc.array(body({ ...task, ref: fc.constantFrom('a', 'b'), parentRef: fc.constantFrom('a', 'b') }), {
              maxLength: 4,
            }),
          }),
        (sent) => tenant.http.post('/v1/tasks/batch', JSON.stringify(sent)),
      ],
      [
        'PATCH /v1/tasks/:id',
        () => body(changes),
        (sent) => tenant.http.patch(`/v1/tasks/${ids[0]}`, JSON.stringify(sent), { headers: { 'if-match': '"1"' } }),
      ],
      [
        'POST /v1/tasks/claim',
        () =>
          body({
            agentId: fc.constant(null).map(() => agentId),
            workspaceIds: fc.array(fc.uuid(), { maxLength: 2 }),
            types: fc.array(text, { maxLength: 3 }),
            limit: fc.integer({ min: -1, max: 3 }),
            leaseSeconds: fc.constantFrom(1, DEFAULT_LEASE_SECONDS, 86_401),
            claimKind: fc.constantFrom('agent', 'human', 'robot'),
            waitSeconds: fc.constant(0),
          }),
        (sent) => tenant.http.post('/v1/tasks/claim', JSON.stringify(sent)),
      ],
      [
        'POST /v1/tasks/heartbeat',
        () =>
          body({ leases: fc.array(fc.record({ taskId: id, epoch })), leaseSeconds: fc.integer({ min: 0, max: 100 }) }),
        (sent) => tenant.http.post('/v1/tasks/heartbeat', JSON.stringify(sent)),
      ],
      ...['pause', 'resume', 'retry'].map(
        (action): [string, () => fc.Arbitrary<unknown>, (sent: unknown) => Promise<Answer<Problem>>] => [
          `POST /v1/tasks/${action}`,
          () =>
            body({
              scope: fc.constantFrom('type', 'workspace', 'agent'),
              subject: fc.oneof(text, fc.uuid()),
              reason: text,
              ids: fc.array(id, { maxLength: 3 }),
              types: fc.array(text, { maxLength: 2 }),
            }),
          (sent) => tenant.http.post(`/v1/tasks/${action}`, JSON.stringify(sent)),
        ],
      ),
      ...['complete', 'progress', 'fail', 'release', 'await-input', 'input', 'cancel', 'edges', 'retry'].map(
        (action): [string, () => fc.Arbitrary<unknown>, (sent: unknown) => Promise<Answer<Problem>>] => [
          `POST /v1/tasks/:id/${action}`,
          () =>
            body({
              epoch,
              ...(action === 'complete' && { result: fc.jsonValue() }),
              ...(action === 'progress' && {
                percent: fc.integer({ min: -1, max: 101 }),
                message: text,
                partial: fc.jsonValue(),
              }),
              ...(action === 'fail' && { error: body({ code: text, message: text, retryable: fc.boolean() }) }),
              ...(/release|cancel/.test(action) && { reason: text, tree: fc.boolean() }),
              ...(action === 'await-input' && { request: fc.jsonValue() }),
              ...(action === 'input' && { input: fc.jsonValue() }),
              ...(action === 'edges' && {
                taskId: id,
                kind: fc.constantFrom('blocks', 'conditional', 'related'),
                outcome: fc.constantFrom('failed', 'pending'),
              }),
            }),
          (sent) => tenant.http.post(`/v1/tasks/${ids[1]}/${action}`, JSON.stringify(sent)),
        ],
      ),
    ])('%s', async (_, bodies, send) => {
      await fc.assert(
        fc.asyncProperty(bodies(), async (sent) => {
          const answer = await send(sent);
          if (answer.status < 300) return;
          expect(answer.status).toBeGreaterThanOrEqual(400);
          expect(answer.status).toBeLessThan(500);
          isProblem(answer);
        }),
        { numRuns: 200 },
      );
    });
  });
});
