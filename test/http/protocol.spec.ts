import { Body, Controller, Delete, Get, Param, Put, Sse } from '@nestjs/common';
import { IsString } from 'class-validator';
import { Subject } from 'rxjs';
import { Conflict, DomainError, OperationFailed, OptimisticLock } from '../../src/shared/errors/index.js';
import { IdParam, IfMatch, SendsVersion } from '../../src/shared/http/index.js';
import { logContext } from '../../src/shared/logging/index.js';
import { sendRaw, type SmallApp, startSmallApp } from '../support/small-app.js';
import { until } from '../support/until.js';

class Busy extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'busy';
  override readonly retryAfterSeconds = 1.2;
}

class NoKey extends DomainError {
  readonly kind = 'unauthenticated';
  readonly code = 'unauthenticated';
}

class Note {
  @IsString()
  text: string;
}

const ID = '018f3b1e-0000-7000-8000-000000000001';
const BEHIND = new Error('connect ECONNREFUSED postgres://muster:hunter2@db:5432');
const failures = new Map<string, unknown>([
  ['broken', new TypeError('cannot read property of undefined', { cause: BEHIND })],
  ['wrapped', new OperationFailed('tasks.create', { cause: BEHIND })],
  ['text', 'thrown text with mst_secret'],
  ['busy', new Busy('The node is busy.')],
  ['nokey', new NoKey('Send a key.')],
  ['conflict', new Conflict('lease_lost', 'Another agent has it.', { currentEpoch: 4, status: 'held' })],
  ['stale', new OptimisticLock('note', ID, 2, 3)],
]);

let finish: () => void = () => undefined;
let started: () => void = () => undefined;

@Controller('v1/notes')
class NotesController {
  @Get(':id')
  @SendsVersion()
  get(@IdParam() id: string): { id: string; version: number } {
    return { id, version: 3 };
  }

  @Put(':id')
  @SendsVersion()
  replace(@IdParam() _id: string, @IfMatch() version: number, @Body() _note: Note): { version: number } {
    return { version: version + 1 };
  }

  @Delete(':id')
  delete(@IdParam() id: string): { id: string } {
    return { id };
  }
}

@Controller('v1/odd')
class OddController {
  @Get('fail/:kind')
  fail(@Param('kind') kind: string): never {
    throw failures.get(kind);
  }

  @Get('slow')
  async slow(): Promise<object> {
    const finished = new Promise<void>((resolve) => (finish = resolve));
    started();
    await finished;
    return { slow: true };
  }

  @Put('whoami')
  async whoami(@Body() note: Note): Promise<object> {
    logContext.add({ tenantId: note.text });
    await new Promise((resolve) => setImmediate(resolve));
    return logContext.keys();
  }

  @Sse('stream')
  stream(): Subject<{ data: string }> {
    const events = new Subject<{ data: string }>();
    setImmediate(() => {
      events.next({ data: 'one' });
      events.complete();
    });
    return events;
  }
}

@Controller()
class ProbesController {
  @Get('readyz')
  ready(): object {
    return { status: 'ok' };
  }
}

const CONTROLLERS = [NotesController, OddController, ProbesController];

let small: SmallApp;
let draining = false;
beforeAll(async () => {
  small = await startSmallApp(CONTROLLERS, { isDraining: () => draining, corsOrigins: ['https://ui.example'] });
});
afterAll(() => small.stop());

const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`${small.url}${path}`, init);
const problemOf = async (response: Response): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;
const linesOf = (requestId: string): Record<string, unknown>[] =>
  small.lines.filter((line) => line['requestId'] === requestId);

describe('a problem', () => {
  it('carries the refusal, its details and the request it belongs to', async () => {
    const response = await ask('/v1/odd/fail/conflict', { headers: { 'x-request-id': 'my-request.1' } });
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await problemOf(response)).toEqual({
      type: 'urn:muster:problem:lease_lost',
      title: 'Lease lost',
      status: 409,
      detail: 'Another agent has it.',
      code: 'lease_lost',
      instance: 'my-request.1',
      currentEpoch: 4,
    });
  });

  it('of a stale version is 412 and tells the current one', async () => {
    const response = await ask('/v1/odd/fail/stale');
    expect(response.status).toBe(412);
    expect(await problemOf(response)).toMatchObject({ code: 'stale_version', givenVersion: 2, currentVersion: 3 });
  });

  it('says when to come back, in whole seconds', async () => {
    const response = await ask('/v1/odd/fail/busy');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
  });

  it('of a missing key names the scheme', async () => {
    const response = await ask('/v1/odd/fail/nokey');
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="muster"']);
  });

  it.each(['broken', 'wrapped', 'text'])(
    'of a failure of ours (%s) tells nothing, and the log everything',
    async (kind) => {
      const requestId = `failing-${kind}`;
      const response = await ask(`/v1/odd/fail/${kind}`, { headers: { 'x-request-id': requestId } });
      const text = await response.text();
      expect(response.status).toBe(500);
      expect(JSON.parse(text)).toMatchObject({ code: 'internal', instance: requestId });
      expect(text).not.toMatch(/undefined|ECONN|tasks\.create|mst_/);

      const logged = JSON.stringify(linesOf(requestId).find((line) => line['level'] === 'error'));
      expect(logged).toContain(kind === 'text' ? 'thrown text' : 'ECONNREFUSED');
      expect(logged).not.toMatch(/hunter2|mst_secret/);
    },
  );
});

describe('a request nobody answers', () => {
  it('is 404 for an unknown path', async () => {
    const response = await ask('/v1/nothing?token=x');
    expect(response.status).toBe(404);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ code: 'route_not_found', detail: 'There is no route GET /v1/nothing.' });
  });

  it('is 405 with Allow for another method', async () => {
    const response = await ask(`/v1/notes/${ID}?x=1`, { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD, OPTIONS, PUT']);
    expect(await problemOf(response)).toMatchObject({ code: 'method_not_allowed' });
  });

  it('may ask by OPTIONS what is allowed', async () => {
    const plain = await startSmallApp(CONTROLLERS);
    try {
      const response = await fetch(`${plain.url}/v1/notes/${ID}`, { method: 'OPTIONS' });
      expect([response.status, response.headers.get('allow')]).toEqual([204, 'DELETE, GET, HEAD, OPTIONS, PUT']);
      expect((await fetch(`${plain.url}/v1/nothing`, { method: 'OPTIONS' })).status).toBe(404);
    } finally {
      await plain.stop();
    }
  });

  it('is 400 when it is no HTTP, and 431 when its headers are too large', async () => {
    const garbage = await sendRaw(small.port, 'BREW pot://tea\r\n\r\n');
    expect(garbage).toMatch(/^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*"code":"bad_request"/);
    const large = await sendRaw(small.port, `GET / HTTP/1.1\r\nHost: a\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(large).toMatch(/^HTTP\/1\.1 431 [\s\S]*"code":"headers_too_large"/);
  });

  it('is 400 when its length is a lie', async () => {
    const head = `PUT /v1/odd/whoami HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n`;
    expect(await sendRaw(small.port, `${head}Content-Length: 4\r\n\r\n{}{}`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await sendRaw(small.port, `${head}Content-Length: -4\r\n\r\n{}`)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('is 408 when it does not arrive', async () => {
    const impatient = await startSmallApp(CONTROLLERS, { requestTimeoutMs: 200 });
    try {
      const answer = await sendRaw(
        impatient.port,
        'PUT /v1/odd/whoami HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
      );
      expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/);
    } finally {
      await impatient.stop();
    }
  });
});

describe('every answer', () => {
  it('echoes a sane request id and replaces any other', async () => {
    const echoed = await ask('/readyz', { headers: { 'x-request-id': 'a.b-c_1' } });
    expect(echoed.headers.get('x-request-id')).toBe('a.b-c_1');
    for (const bad of ['a b', 'x'.repeat(129), '"><script>']) {
      const replaced = await ask('/readyz', { headers: { 'x-request-id': bad } });
      expect(replaced.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    }
  });

  it.each(['/readyz', '/v1/nothing', '/v1/notes/%E0%A4%A', '/v1/odd/stream'])('of %s has the headers', async (path) => {
    const response = await ask(path);
    await response.text();
    expect(response.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(response.headers.get('cache-control')).toContain(path.endsWith('stream') ? 'no-cache' : 'no-store');
  });

  it('to a HEAD is that to a GET, without body', async () => {
    const response = await ask(`/v1/notes/${ID}`, { method: 'HEAD' });
    expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([200, '"3"', '']);
  });

  it('lets only the configured pages read it', async () => {
    const preflight = (origin: string): Promise<Response> =>
      ask(`/v1/notes/${ID}`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } });
    const known = await preflight('https://ui.example');
    expect(known.headers.get('access-control-allow-origin')).toBe('https://ui.example');
    expect(known.headers.get('access-control-allow-methods')).toContain('PUT');
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    const answer = await ask('/v1/odd/fail/busy', { headers: { origin: 'https://ui.example' } });
    expect(answer.headers.get('access-control-expose-headers')).toContain('ETag');
  });
});

describe('a version', () => {
  const put = (ifMatch?: string): Promise<Response> =>
    ask(`/v1/notes/${ID}`, {
      method: 'PUT',
      body: '{"text":"a"}',
      headers: { 'content-type': 'application/json', ...(ifMatch !== undefined && { 'if-match': ifMatch }) },
    });

  it('is asked for by If-Match and answered as ETag', async () => {
    const response = await put('"3"');
    expect([response.status, response.headers.get('etag')]).toEqual([200, '"4"']);
    expect((await put('W/"3"')).headers.get('etag')).toBe('"4"');
  });

  it('that is missing is 428', async () => {
    const response = await put();
    expect(response.status).toBe(428);
    expect(await problemOf(response)).toMatchObject({ code: 'precondition_required' });
  });

  it.each(['*', '3', '"3", "4"', '"a"', '"-1"', '"99999999999999999999"'])('%s is 400', async (ifMatch) => {
    const response = await put(ifMatch);
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatchObject({ errors: [{ field: 'If-Match', rule: 'isVersion' }] });
  });

  it('that the reader has is 304, without body', async () => {
    const get = (ifNoneMatch: string): Promise<Response> =>
      ask(`/v1/notes/${ID}`, { headers: { 'if-none-match': ifNoneMatch } });
    for (const known of ['"3"', 'W/"3"', '"1", "3"', '*']) {
      const response = await get(known);
      expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([304, '"3"', '']);
      expect(response.headers.get('cache-control')).toBe('private, no-cache');
    }
    expect((await get('"2"')).status).toBe(200);
  });
});

describe('the log', () => {
  it('has one line a request with its route, and no URL', async () => {
    await ask(`/v1/notes/${ID}?token=secret`, { headers: { 'x-request-id': 'logged' } }).catch(() => undefined);
    await until(() => linesOf('logged').length > 0);
    expect(linesOf('logged')).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
        msg: 'request',
        requestId: 'logged',
        method: 'GET',
        route: '/v1/notes/:id',
        status: 200,
        durationMs: expect.any(Number) as unknown,
      },
    ]);
    expect(JSON.stringify(small.lines)).not.toContain('secret');
  });

  it('keeps the keys of concurrent requests apart, bodies included', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `tenant-${index}`);
    const answers = await Promise.all(
      names.map(async (text) => {
        const response = await ask('/v1/odd/whoami', {
          method: 'PUT',
          body: JSON.stringify({ text }),
          headers: { 'content-type': 'application/json', 'x-request-id': `of-${text}` },
        });
        return problemOf(response);
      }),
    );
    expect(answers).toEqual(names.map((text) => ({ requestId: `of-${text}`, tenantId: text })));
    await until(() => names.every((text) => linesOf(`of-${text}`)[0]?.['tenantId'] === text));
  });
});

describe('a node that is stopping', () => {
  it('finishes what runs, refuses what is new, and closes each connection', async () => {
    const begun = new Promise<void>((resolve) => (started = resolve));
    const running = ask('/v1/odd/slow');
    await begun;
    draining = true;
    try {
      const refused = await ask(`/v1/notes/${ID}`);
      expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close']);
      expect(refused.headers.get('retry-after')).toBe('1');
      expect(await problemOf(refused)).toMatchObject({ code: 'draining' });
      expect((await ask('/readyz')).status).toBe(200);

      finish();
      const finished = await running;
      expect([finished.status, finished.headers.get('connection')]).toEqual([200, 'close']);
    } finally {
      draining = false;
      finish();
    }
  });
});
