import { randomUUID } from 'node:crypto';
import { Subscribers } from '../../src/shared/events/index.js';
import { aTask, type Given, startGiven } from '../support/given.js';
import { type Answer, HttpClient } from '../support/http-client.js';
import { until } from '../support/until.js';

interface Schema {
  $ref?: string;
  format?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
}
interface Operation {
  operationId: string;
  security: object[];
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}
interface Route extends Operation {
  method: string;
  path: string;
}

/** Nothing is there; it is called by a test of the endpoint. */
const HOOK = 'http://webhook.invalid/';

type Customer = Awaited<ReturnType<typeof customer>>;

/** A tenant with one of everything. */
async function customer(given: Given) {
  const tenant = await given.workspace({ agents: ['ada'] });
  const { body: lab } = await tenant.http.post<{ id: string }>('/v1/workspaces', { name: 'lab' });
  await tenant.http.post(`/v1/workspaces/${lab.id}/members`, { memberId: tenant.ada.id, role: 'editor' });
  await tenant.http.put(`/v1/workspaces/${lab.id}/state`, { state: { n: 1 } }, { headers: { 'if-match': '"0"' } });
  const { body: doc } = await tenant.http.post<{ id: string }>(`/v1/workspaces/${lab.id}/documents`, {
    title: 'Secret plan',
    kind: 'versioned',
    content: 'buried treasure',
  });
  const { body: snapshot } = await tenant.http.post<{ id: string }>(`/v1/documents/${doc.id}/snapshots`, {});
  const { body: operation } = await tenant.http.post<{ id: string }>(`/v1/documents/${doc.id}/operations`, {
    operationType: 'insert',
    value: 1,
    applied: false,
  });
  const { body: conflict } = await tenant.http.post<{ id: string }>(`/v1/documents/${doc.id}/conflicts`, { path: 'x' });
  const { body: lock } = await tenant.http.post<{ id: string }>(`/v1/documents/${doc.id}/locks`, { mode: 'exclusive' });
  await tenant.http.post(`/v1/workspaces/${lab.id}/shared-state/operations`, {
    operations: [{ type: 'increment', path: '/n', id: 'x' }],
  });
  await tenant.http.post(`/v1/workspaces/${lab.id}/lock`, { seconds: 600 });
  await tenant.http.post(`/v1/workspaces/${tenant.workspace.id}/join`);
  const { body: suggestion } = await tenant.http.post<{ id: string }>(`/v1/documents/${doc.id}/suggestions`, {
    edits: [{ insert: '.', at: { edge: 'end' } }],
  });
  const task = await tenant.task({ workspaceId: lab.id, priority: 'critical', externalRef: 'X-1' });
  const free = await tenant.task({ concurrencyKey: 'disk' });
  const waiting = await tenant.task({ dependsOn: [{ taskId: task.id }] });
  const [dead, asking] = [await tenant.task({ type: 'dead' }), await tenant.task({ type: 'asking' })];
  await tenant.claim(tenant.ada, { types: ['dead', 'asking'], limit: 2 });
  await tenant.http.post(`/v1/tasks/${dead.id}/fail`, {
    epoch: 1,
    error: { code: 'x', message: 'y', retryable: false },
  });
  await tenant.http.post(`/v1/tasks/${asking.id}/await-input`, { epoch: 1 });
  await tenant.http.post('/v1/tasks/pause', { scope: 'type', subject: 'paused' });
  const [lease] = await tenant.claim(tenant.ada);
  const { body: key } = await tenant.http.post<{ id: string }>('/v1/keys', { name: 'spare', scopes: ['read'] });
  // Nothing must be written while the test looks.
  await until(async () => {
    const unsaid = 'SELECT FROM change_notices WHERE tenant_id = $1 AND reached > announced';
    return (await tenant.rows(unsaid)).length === 0;
  });
  const { http, ada, tenantId } = tenant;
  const epoch = lease?.epoch ?? 0;
  // Disabled, for the same reason.
  const { body: hook } = await http.post<{ id: string }>('/v1/webhooks', {
    url: HOOK,
    workspaceId: lab.id,
    enabled: false,
  });
  const [delivery] = await tenant.rows<{ id: string }>(
    `INSERT INTO webhook_deliveries (tenant_id, webhook_id, id, event_id, type, occurred_at, body, status, ended_at)
     VALUES ($1, $2, gen_random_uuid(), 'x', 'task.created', now(), '{}', 'dead', now()) RETURNING id`,
    hook.id,
  );
  const inbox = `inbox.${lab.id}`;
  const followed = { feeds: [{ feedId: lab.id, after: 0 }] };
  (await given.node.get(Subscribers).open(tenant.caller, inbox, followed)).subscription.close();
  const made = {
    doc,
    snapshot,
    operation,
    conflict,
    lock,
    suggestion,
    inbox,
    lab,
    task,
    free,
    waiting,
    dead,
    asking,
    ada,
    spare: key,
    hook,
    delivery: delivery?.id ?? '',
  };
  return { ...tenant, http, ...made, tenantId, epoch };
}

/** What `{id}` or `{name}` in a path is, by the name that stands before it. */
const SUBJECTS: Record<string, (of: Customer) => string> = {
  tasks: ({ task }) => task.id,
  agents: ({ ada }) => ada.id,
  workspaces: ({ lab }) => lab.id,
  keys: ({ spare }) => spare.id,
  documents: ({ doc }) => doc.id,
  webhooks: ({ hook }) => hook.id,
  subscribers: ({ inbox }) => inbox,
};
const OTHER_SUBJECTS: Record<string, (of: Customer) => string> = {
  'membership.leave': ({ workspace }) => workspace.id,
  'tasks.delete': ({ waiting }) => waiting.id,
  'interventions.retry': ({ dead }) => dead.id,
  'interventions.giveInput': ({ asking }) => asking.id,
  'interventions.add': ({ free }) => free.id,
  'interventions.remove': ({ waiting }) => waiting.id,
};

/** A body that the tenant itself may send. */
const BODIES: Record<string, (of: Customer) => object> = {
  'apiKeys.create': () => ({ name: 'more', scopes: ['read'] }),
  'documents.create': () => ({ title: 'more', kind: 'versioned' }),
  'documents.update': () => ({ title: 'mine' }),
  'documentEdits.edit': () => ({ edits: [{ insert: 'x', at: { edge: 'end' } }] }),
  'documentEdits.recordConflict': () => ({ path: 'mine' }),
  'documentEdits.resolveConflict': () => ({ choose: 'current' }),
  'documentLocks.acquire': () => ({ mode: 'exclusive' }),
  'documentLocks.renew': () => ({}),
  'suggestions.suggest': () => ({ edits: [{ insert: 'x', at: { edge: 'start' } }] }),
  'suggestions.accept': () => ({}),
  'suggestions.reject': () => ({}),
  'history.recordOperation': () => ({ operationType: 'move', value: 1 }),
  'history.compact': () => ({ beforeSequence: 2 }),
  'history.restore': () => ({ version: 1 }),
  'history.createSnapshot': () => ({}),
  'history.purgeSnapshots': () => ({ keepLast: 1 }),
  'workspaces.create': () => ({ name: 'more' }),
  'members.add': () => ({ memberId: 'more', role: 'viewer' }),
  'members.update': () => ({ role: 'viewer' }),
  'state.update': () => ({ state: { mine: true } }),
  'state.restore': () => ({ version: 1 }),
  'sharedState.perform': () => ({ operations: [{ type: 'increment', path: '/n' }] }),
  'sharedState.merge': () => ({ replica: 'mine', state: { context: {}, entries: {} } }),
  'activity.record': () => ({ type: 'mine' }),
  'locks.take': () => ({ seconds: 60 }),
  'locks.renew': () => ({ token: 1, seconds: 60 }),
  'presence.update': () => ({ status: 'online' }),
  'workspaces.purge': () => ({ deletedBefore: '2999-01-01T00:00:00Z' }),
  'membership.join': () => ({}),
  'messages.broadcast': () => ({ message: { text: 'mine' } }),
  'messages.send': ({ ada }) => ({ to: ada.id, message: { text: 'mine' } }),
  'workspaces.update': () => ({ description: 'more' }),
  'agents.register': () => ({ name: 'more' }),
  'agents.update': () => ({ capacity: 7 }),
  'agents.changeStatus': () => ({ status: 'draining' }),
  'claims.claim': ({ ada, lab }) => ({ agentId: ada.id, workspaceIds: [lab.id] }),
  'claims.heartbeat': ({ task, epoch }) => ({ leases: [{ taskId: task.id, epoch }] }),
  'claims.progress': ({ epoch }) => ({ epoch, percent: 50 }),
  'claims.complete': ({ epoch }) => ({ epoch, result: 'mine' }),
  'claims.fail': ({ epoch }) => ({ epoch, error: { code: 'x', message: 'y' } }),
  'claims.release': ({ epoch }) => ({ epoch }),
  'dispatch.pause': ({ lab }) => ({ scope: 'workspace', subject: lab.id }),
  'dispatch.resume': () => ({ scope: 'type', subject: 'paused' }),
  'dispatch.setLimit': () => ({ key: 'disk', limit: 7 }),
  'interventions.retryMany': ({ dead }) => ({ ids: [dead.id] }),
  'interventions.retry': () => ({}),
  'interventions.cancel': () => ({ reason: 'mine', tree: true }),
  'interventions.awaitInput': ({ epoch }) => ({ epoch, request: 'mine' }),
  'interventions.giveInput': () => ({ input: 'mine' }),
  'interventions.add': ({ task }) => ({ taskId: task.id }),
  'tasks.create': () => aTask(),
  'tasks.createBatch': () => ({ tasks: [aTask()] }),
  'tasks.import': () => ({ tasks: [aTask()] }),
  'tasks.getBatch': ({ task }) => ({ ids: [task.id] }),
  'tasks.update': () => ({ title: 'mine' }),
  'webhooks.create': () => ({ url: HOOK }),
  'webhooks.update': () => ({ description: 'mine' }),
  'webhooks.rotateSecret': () => ({}),
  'deliveries.redriveDead': () => ({}),
  'subscribers.acknowledge': ({ lab }) => ({ feeds: [{ workspaceId: lab.id, seq: 0 }] }),
};

type Reference = (a: Customer, b: Customer) => object;
const ofTask: Record<string, Reference> = {
  workspaceId: ({ lab }) => aTask({ workspaceId: lab.id }),
  parentTaskId: ({ task }) => aTask({ parentTaskId: task.id }),
  assignedTo: ({ ada }) => aTask({ assignedTo: ada.id }),
  'dependsOn.taskId': ({ task }) => aTask({ dependsOn: [{ taskId: task.id }] }),
};
const ofBatch = Object.fromEntries(
  Object.entries(ofTask).map(([field, reference]): [string, Reference] => [
    `tasks.${field}`,
    (a, b) => ({ tasks: [aTask(), reference(a, b)] }),
  ]),
);
/** Bodies by which one tenant names what belongs to another: one for every field of a body that holds an id. */
const REFERENCES: Record<string, Record<string, Reference>> = {
  'tasks.create': ofTask,
  'tasks.createBatch': ofBatch,
  'tasks.import': ofBatch,
  'tasks.getBatch': { ids: ({ task }) => ({ ids: [task.id] }) },
  'claims.claim': {
    agentId: ({ ada }) => ({ agentId: ada.id }),
    workspaceIds: ({ lab }, b) => ({ agentId: b.ada.id, workspaceIds: [lab.id] }),
  },
  'suggestions.suggest': {
    supersedes: ({ suggestion }) => ({ edits: [{ insert: 'x', at: { edge: 'end' } }], supersedes: suggestion.id }),
  },
  'claims.heartbeat': { 'leases.taskId': ({ task, epoch }) => ({ leases: [{ taskId: task.id, epoch }] }) },
  // Sent for the sender's own task, which is not held: the agent and the workspace are looked for before that.
  'claims.complete': {
    'claimNext.agentId': ({ ada }) => ({ epoch: 1, claimNext: { agentId: ada.id } }),
    'claimNext.workspaceIds': ({ lab }, b) => ({ epoch: 1, claimNext: { agentId: b.ada.id, workspaceIds: [lab.id] } }),
  },
  'interventions.retryMany': {
    ids: ({ dead }) => ({ ids: [dead.id] }),
    workspaceIds: ({ lab }) => ({ workspaceIds: [lab.id] }),
  },
  'interventions.add': { taskId: ({ task }) => ({ taskId: task.id }) },
  'subscribers.acknowledge': {
    'feeds.workspaceId': ({ lab }) => ({ feeds: [{ workspaceId: lab.id, seq: 0 }] }),
  },
  'webhooks.create': { workspaceId: ({ lab }) => ({ url: HOOK, workspaceId: lab.id }) },
  'dispatch.pause': { subject: ({ lab }) => ({ scope: 'workspace', subject: lab.id }) },
  'dispatch.resume': { subject: ({ lab }) => ({ scope: 'workspace', subject: lab.id }) },
};
/** Members that hold ids, but not only ids. */
const MIXED: Record<string, string[]> = { 'dispatch.pause': ['subject'], 'dispatch.resume': ['subject'] };
/** Members whose ids only narrow what is the sender's own: see delivering.spec.ts. */
const NARROWING: Record<string, string[]> = { 'webhooks.create': ['subjects'], 'webhooks.update': ['subjects'] };
/** Routes that answer id by id, and what they say of one they do not know. */
const ANSWERED_AS_UNKNOWN: Record<string, (a: Customer) => object> = {
  'tasks.getBatch.ids': ({ task }) => ({ items: [], missing: [task.id] }),
  'claims.heartbeat.leases.taskId': ({ task }) => ({
    results: [{ taskId: task.id, status: 'unknown', code: 'not_found' }],
  }),
  'interventions.retryMany.ids': ({ dead }) => ({
    items: [],
    refused: [{ taskId: dead.id, code: 'not_found' }],
    hasMore: false,
  }),
  'interventions.retryMany.workspaceIds': () => ({ items: [], refused: [], hasMore: false }),
};
/** Members whose ids are kept as they were said, and looked up by nobody. */
const KEPT_AS_SAID: Record<string, string[]> = {
  'documents.create': ['taskId'],
  'documents.update': ['taskId'],
  'documentEdits.edit': ['taskId'],
  'documentEdits.resolveConflict': ['taskId'],
  'history.restore': ['taskId'],
  'suggestions.accept': ['taskId'],
  'history.recordOperation': ['id', 'taskId'],
};
/** They change nothing though they are not GET. */
const READS = new Set(['tasks.getBatch']);
/** Reports that are no lists, and what the tenant itself may ask them. `tasks/workload` names an agent: see stats.spec.ts. */
const REPORTS: Record<string, string> = { 'stats.get': '', 'documents.search': 'q=treasure' };
const HANDSHAKE = 'handshake.open';
const NO_LISTS = new Set([
  'documentLocks.listOwn',
  'dispatch.limit',
  'stats.workload',
  'eventStreams.ofTenant',
  HANDSHAKE,
]);
/** Values of a list's parameters by which one could look for what is another tenant's. */
const FILTERS: Record<string, (a: Customer) => string> = {
  workspaceId: ({ lab }) => lab.id,
  assignedTo: ({ ada }) => ada.id,
  parentTaskId: ({ task }) => task.id,
  externalRef: () => 'X-1',
  createdBy: ({ caller }) => caller.actorId,
  actorId: ({ caller }) => caller.actorId,
  keyId: ({ caller }) => caller.actorId,
  subjectId: ({ task }) => task.id,
  name: () => 'lab',
  member: ({ ada }) => ada.id,
  owner: ({ caller }) => caller.actorId,
  search: () => 'lab',
};

describe('what belongs to one tenant', () => {
  // Every request from an address of its own: one that guesses keys is soon refused.
  const given = startGiven({ settings: { MUSTER_TRUST_PROXY: 'true' } });
  let requests = 0;
  let document: Document;
  beforeAll(async () => {
    document = (await new HttpClient(given.node.url).get<Document>('/openapi.json')).body;
  });

  const routes = (): Route[] =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
    );
  const closed = (): Route[] => routes().filter(({ path }) => path.startsWith('/v1/'));

  /** Sends what `of` may send on this route, by whoever holds `key`. */
  const send = async (route: Route, of: Customer, key: string | undefined, body?: object): Promise<Answer<unknown>> => {
    const { operationId, method, parameters = [] } = route;
    const area = route.path.split('/')[2] ?? '';
    const subject = OTHER_SUBJECTS[operationId] ?? SUBJECTS[area];
    if (route.path.includes('{') && !subject) throw new Error(`What is the id in ${route.path}? Say it in SUBJECTS.`);
    const path = route.path
      .replace(/\{(id|name)\}/, subject?.(of) ?? '')
      .replace('{blockerId}', of.task.id)
      .replace('{member}', of.ada.id)
      .replace('{deliveryId}', of.delivery)
      .replace('{operationId}', of.operation.id)
      .replace('{snapshotId}', of.snapshot.id)
      .replace('{conflictId}', of.conflict.id)
      .replace('{lockId}', of.lock.id)
      .replace('{suggestionId}', of.suggestion.id);
    if (path.includes('{')) throw new Error(`${route.path} has a parameter that this test cannot fill.`);
    const own = BODIES[operationId];
    if (route.requestBody && !own) throw new Error(`What does ${operationId} take? Say it in BODIES.`);

    const headers: Record<string, string> = { 'x-forwarded-for': `10.0.${requests >> 8}.${requests++ & 255}` };
    if (parameters.some(({ name }) => name === 'If-Match')) {
      headers['if-match'] = (await of.http.get(path.replace(/\/restore$/, ''))).headers.get('etag') ?? '';
    }
    return new HttpClient(given.node.url, key).send(method, path, body ?? own?.(of), { headers });
  };

  /** All rows of a tenant, except what only says that somebody called. */
  const everythingOf = async ({ rows }: Customer): Promise<Record<string, unknown>> => {
    const tables = await rows<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
       WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND $1::uuid IS NOT NULL
         AND c.relname <> ALL ('{audit_log,idempotency_keys,api_keys}') ORDER BY 1`,
    );
    const all: Record<string, unknown> = {};
    for (const { name } of tables) {
      all[name] = await rows(
        // Without the marks that the sweeper sets on lanes.
        `SELECT to_jsonb(t) - '{idle_since,idle_xact}'::text[] AS row FROM ${name} t WHERE tenant_id = $1
         ORDER BY to_jsonb(t)::text`,
      );
    }
    return all;
  };

  const secretsOf = (a: Customer): string[] => [
    a.tenantId,
    a.task.id,
    a.free.id,
    a.waiting.id,
    a.dead.id,
    a.asking.id,
    a.ada.id,
    a.lab.id,
    a.workspace.id,
    a.spare.id,
    a.hook.id,
    a.doc.id,
    a.snapshot.id,
    a.operation.id,
    a.conflict.id,
    a.lock.id,
    a.suggestion.id,
    a.delivery,
  ];
  const reveals = (answer: Answer<unknown>, a: Customer, named: unknown = ''): string[] =>
    secretsOf(a).filter((id) => JSON.stringify(answer.body).includes(id) && !JSON.stringify(named).includes(id));

  it('is behind every route of the document: those without credentials are known', () => {
    expect(closed().length).toBeGreaterThan(30);
    const open = routes().filter(({ path }) => !path.startsWith('/v1/'));
    expect(open.map(({ operationId }) => operationId).sort()).toEqual([
      'health.live',
      'health.ready',
      'health.startedUp',
    ]);
  });

  it('is out of reach without a key, with a wrong one or with a revoked one', async () => {
    const a = await customer(given);
    const { body: revoked } = await a.http.post<{ id: string; secret: string }>('/v1/keys', {
      name: 'x',
      scopes: ['admin'],
    });
    await a.http.delete(`/v1/keys/${revoked.id}`);
    const before = await everythingOf(a);

    for (const route of closed()) {
      for (const key of [undefined, '', `mst_${'x'.repeat(40)}`, a.key.slice(0, -1), revoked.secret]) {
        const { status, body } = await send(route, a, key);
        expect([route.operationId, key, status]).toEqual([route.operationId, key, 401]);
        expect(body).toMatchObject({ code: expect.stringMatching(/credentials/) as string });
      }
    }
    expect(await everythingOf(a)).toEqual(before);
  });

  it('is not changed with a key that may only read, nor seen with one for something else', async () => {
    const a = await customer(given);
    const [reader, elsewhere] = [await a.keyFor('read'), await a.keyFor('events:read')];
    const before = await everythingOf(a);

    for (const route of closed()) {
      const { operationId, method, path } = route;
      if (method !== 'GET' && !READS.has(operationId)) {
        expect([operationId, (await send(route, a, reader)).status]).toEqual([operationId, 403]);
      }
      // A connection may be opened with any scope; its methods ask for those of their routes.
      if (!/\/(events(\/stream)?$|subscribers)/.test(path) && operationId !== HANDSHAKE) {
        const { status, body } = await send(route, a, elsewhere);
        expect([operationId, status]).toEqual([operationId, 403]);
        expect(body).toMatchObject({ code: 'missing_scope' });
      }
    }
    expect(await everythingOf(a)).toEqual(before);
  });

  it('cannot be told from what does not exist, on every route that takes an id, and can be reached by its own tenant', async () => {
    const b = await customer(given);
    for (const route of closed().filter(({ path }) => path.includes('{'))) {
      const a = await customer(given);
      const before = await everythingOf(a);

      const answer = await send(route, a, b.key);

      expect([route.operationId, answer.status]).toEqual([route.operationId, 404]);
      const subjects = [a.task, a.free, a.waiting, a.dead, a.asking, a.ada, a.lab, a.workspace, a.spare, a.hook, a.doc];
      const asked = subjects.map(({ id }) => id);
      expect(reveals(answer, a, { asked })).toEqual([]);
      expect(await everythingOf(a)).toEqual(before);
      const own = await send(route, a, a.key);
      expect([route.operationId, own.status < 300]).toEqual([route.operationId, true]);
    }
  });

  it('is in no list of another, whatever it is filtered by or continued from', async () => {
    const [a, b] = [await customer(given), await customer(given)];
    const lists = closed()
      .filter(({ path, method }) => method === 'GET' && !path.includes('{'))
      .filter(({ operationId }) => !NO_LISTS.has(operationId));
    expect(lists.length).toBeGreaterThan(4);

    for (const { operationId, path, parameters = [] } of lists) {
      const ownFirst = await a.http.get<{ nextCursor?: string }>(`${path}?${REPORTS[operationId] ?? 'limit=1'}`);
      expect([operationId, ownFirst.status]).toEqual([operationId, 200]);
      const names = parameters.filter((one) => one.in === 'query').map(({ name }) => name);
      const filters = names.flatMap((name) => (FILTERS[name] ? [`${name}=${FILTERS[name](a)}`] : []));
      const unknown = names.filter((name) => /Id$|By$|To$/.test(name) && !FILTERS[name]);
      expect([operationId, unknown]).toEqual([operationId, []]);
      const cursor = ownFirst.body.nextCursor ? [`after=${ownFirst.body.nextCursor}`] : [];

      for (const query of ['', ...filters, ...cursor]) {
        const answer = await b.http.get(`${path}?${REPORTS[operationId] ?? ''}&${query}`);
        expect([operationId, query, answer.status]).toEqual([operationId, query, 200]);
        expect([operationId, query, reveals(answer, a)]).toEqual([operationId, query, []]);
      }
    }
  });

  it('cannot be named in the body of another', async () => {
    const [a, b] = [await customer(given), await customer(given)];
    const before = [await everythingOf(a), await everythingOf(b)];

    for (const route of closed()) {
      const { operationId, requestBody } = route;
      const schema = requestBody?.content['application/json']?.schema;
      const references = REFERENCES[operationId] ?? {};
      // A field that holds an id and is not tried here fails the test.
      expect([operationId, Object.keys(references).sort()]).toEqual([
        operationId,
        [...(schema ? idFields(schema) : []), ...(MIXED[operationId] ?? [])]
          .filter((field) => !NARROWING[operationId]?.includes(field) && !KEPT_AS_SAID[operationId]?.includes(field))
          .sort(),
      ]);

      for (const [field, reference] of Object.entries(references)) {
        const sent = reference(a, b);
        const answer = await send(route, b, b.key, sent);
        const known = ANSWERED_AS_UNKNOWN[`${operationId}.${field}`];
        expect([operationId, field, answer.status]).toEqual([operationId, field, known ? 200 : 404]);
        if (known) expect(answer.body).toEqual(known(a));
        expect(reveals(answer, a, sent)).toEqual([]);
      }
    }
    expect([await everythingOf(a), await everythingOf(b)]).toEqual(before);
  });

  it('counts for itself under a concurrency key of the same name', async () => {
    const [a, b] = [await customer(given), await given.tenant()];
    expect((await b.http.get('/v1/tasks/concurrency-limit?key=disk')).status).toBe(404);
    await b.http.put('/v1/tasks/concurrency-limit', { key: 'disk', limit: 9 });
    expect((await a.http.get('/v1/tasks/concurrency-limit?key=disk')).body).toEqual({
      key: 'disk',
      limit: 1,
      running: 0,
    });
  });

  it('is not given again for the same Idempotency-Key', async () => {
    const [a, b] = [await customer(given), await customer(given)];
    const headers = { 'idempotency-key': randomUUID() };
    const made = await Promise.all(
      [a, b].map(({ http }) => http.post<{ id: string }>('/v1/tasks', aTask(), { headers })),
    );

    expect(made.map(({ status }) => status)).toEqual([201, 201]);
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(2);
  });

  /** Paths of the members of a body that are UUIDs. */
  function idFields(schema: Schema, path: string[] = []): string[] {
    const name = schema.$ref?.split('/').at(-1);
    if (name !== undefined) return idFields(document.components.schemas[name] ?? {}, path);
    if (schema.items) return idFields(schema.items, path);
    if (schema.format === 'uuid') return [path.join('.')];
    const parts = [...(schema.allOf ?? []).map((part): [string[], Schema] => [path, part])];
    for (const [key, member] of Object.entries(schema.properties ?? {})) parts.push([[...path, key], member]);
    return parts.flatMap(([at, part]) => idFields(part, at));
  }
});
