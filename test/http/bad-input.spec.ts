import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ArrayMaxSize, IsIn, IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import {
  AcceptsBody,
  IdParam,
  IsJsonObject,
  IsJsonValue,
  IsLabels,
  IsRfc3339,
  Nested,
  NestedList,
  Omittable,
  PageQuery,
  QueryBoolean,
  QueryList,
} from '../../src/shared/http/index.js';
import { type SmallApp, startSmallApp } from '../support/small-app.js';

class Link {
  @IsString()
  to: string;
}

class Thing {
  @IsString()
  @MaxLength(20)
  title: string;

  @Omittable()
  @IsIn(['high', 'low'])
  priority?: string;

  @Omittable()
  @IsInt()
  @Min(1)
  @Max(9)
  attempts?: number;

  @Omittable()
  @IsRfc3339()
  runAt?: Date;

  @Omittable()
  @IsLabels()
  labels?: Record<string, string>;

  @Omittable()
  @IsJsonObject()
  parameters?: object;

  @Omittable()
  @IsJsonValue()
  result?: unknown;

  @Omittable()
  @Nested(() => Link)
  link?: Link;
}

class Things {
  @NestedList(() => Thing)
  @ArrayMaxSize(100)
  things: Thing[];
}

class ThingsQuery extends PageQuery {
  @QueryList({ of: ['pending', 'failed'] })
  status?: string[];

  @QueryBoolean(false)
  deep: boolean;
}

const MiB = 1024 * 1024;

@Controller('v1/things')
class ThingsController {
  @Post()
  create(@Body() thing: Thing): unknown {
    return { kind: thing.constructor.name, runAtIsDate: thing.runAt instanceof Date, ...thing };
  }

  @Post('batch')
  @HttpCode(201)
  @AcceptsBody({ limit: 'batch', ndjson: { field: 'things', maxItems: 5 } })
  createBatch(@Body() { things }: Things): unknown {
    return { count: things.length, kinds: [...new Set(things.map((thing) => thing.constructor.name))] };
  }

  @Post('pause')
  pause(): unknown {
    return { paused: true };
  }

  @Get()
  list(@Query() query: ThingsQuery): unknown {
    return query;
  }

  @Get(':id')
  get(@IdParam() id: string): unknown {
    return { id };
  }
}

interface Answer {
  status: number;
  type: string | null;
  body: {
    code?: string;
    status?: number;
    detail?: string;
    instance?: string;
    errors?: { field: string; rule: string; message: string }[];
  } & Record<string, unknown>;
}

let small: SmallApp;
beforeAll(async () => {
  small = await startSmallApp([ThingsController], { batchBodyLimit: 2 * MiB });
});
afterAll(() => small.stop());

async function ask(path: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(`${small.url}${path}`, init);
  const body = (await response.json()) as Answer['body'];
  return { status: response.status, type: response.headers.get('content-type'), body };
}

const post = (path: string, body: string | Uint8Array<ArrayBuffer>, type = 'application/json'): Promise<Answer> =>
  ask(path, { method: 'POST', body, headers: { 'content-type': type } });

const faults = ({ status, body }: Answer): unknown[] => [
  status,
  ...(body.errors ?? []).map((one) => [one.field, one.rule]),
];

describe('a body', () => {
  it('reaches the route as an instance of its DTO', async () => {
    const sent = { title: 'a', runAt: '2026-01-31T09:30:00+02:00', labels: { team: 'core' }, result: null };
    const { status, body } = await post('/v1/things', JSON.stringify(sent));
    expect(status).toBe(201);
    expect(body).toEqual({ kind: 'Thing', runAtIsDate: true, ...sent, runAt: '2026-01-31T07:30:00.000Z' });
  });

  it('keeps free JSON exactly, whatever its members are called', async () => {
    const parameters = {
      constructor: 1,
      toString: 'x',
      prototype: [],
      then: { hasOwnProperty: null },
      n: [0.1, 1e2, -0.5],
    };
    const { status, body } = await post('/v1/things', JSON.stringify({ title: 'a', parameters }));
    expect(status).toBe(201);
    expect(body.parameters).toEqual(parameters);
  });

  const cases: [string, string, unknown[]][] = [
    ['a missing field', '{}', [400, ['title', 'isDefined']]],
    ['null for a field that may only be left out', '{"title":"a","priority":null}', [400, ['priority', 'isIn']]],
    ['an unknown field', '{"title":"a","colour":"red"}', [400, ['colour', 'isKnown']]],
    ['a field named like a method', '{"title":"a","toString":1}', [400, ['toString', 'isKnown']]],
    ['a field named constructor', '{"title":"a","constructor":1}', [400, ['constructor', 'isKnown']]],
    ['a value that is not among the allowed', '{"title":"a","priority":"urgent"}', [400, ['priority', 'isIn']]],
    ['a number as text', '{"title":"a","attempts":"3"}', [400, ['attempts', 'isInt']]],
    ['a text as number', '{"title":3}', [400, ['title', 'isString']]],
    ['a time without offset', '{"title":"a","runAt":"2026-01-31T09:30:00"}', [400, ['runAt', 'isRfc3339']]],
    ['the 30th of February', '{"title":"a","runAt":"2026-02-30T09:30:00Z"}', [400, ['runAt', 'isRfc3339']]],
    ['a time as number', '{"title":"a","runAt":1769851800}', [400, ['runAt', 'isRfc3339']]],
    ['labels that are no strings', '{"title":"a","labels":{"a":1}}', [400, ['labels', 'isLabels']]],
    ['a list where an object belongs', '{"title":"a","parameters":[]}', [400, ['parameters', 'isJsonObject']]],
    ['a nested object without its field', '{"title":"a","link":{}}', [400, ['link.to', 'isDefined']]],
    ['a text where a nested object belongs', '{"title":"a","link":"b"}', [400, ['link', 'isObject']]],
    ['a list where a nested object belongs', '{"title":"a","link":[{"to":"b"}]}', [400, ['link', 'isObject']]],
    ['null', 'null', [400, ['body', 'isObject']]],
    ['a list', '[]', [400, ['body', 'isObject']]],
    ['a text', '"a"', [400, ['body', 'isObject']]],
    ['a NUL in a string', '{"title":"a\\u0000"}', [400, ['title', 'noNul']]],
    ['a NUL in a key', '{"title":"a","parameters":{"b\\u0000":1}}', [400, ['parameters["b\\u0000"]', 'noNul']]],
    [
      'half a surrogate pair',
      '{"title":"a","parameters":{"a":["\\ud83d"]}}',
      [400, ['parameters.a[0]', 'isWellFormed']],
    ],
    ['1e400', '{"title":"a","parameters":{"a":[1,{"b":1e400}]}}', [400, ['parameters.a[1].b', 'isExactNumber']]],
    ['a huge integer', '{"title":"a","result":12345678901234567890}', [400, ['result', 'isExactNumber']]],
    ['2^53 + 1', '{"title":"a","result":9007199254740993}', [400, ['result', 'isExactNumber']]],
    ['a number too small', '{"title":"a","result":1e-400}', [400, ['result', 'isExactNumber']]],
    ['a decimal too long', '{"title":"a","result":0.12345678901234567890}', [400, ['result', 'isExactNumber']]],
    ['a key given twice', '{"title":"a","parameters":{"a":1,"a":2}}', [400, ['parameters.a', 'uniqueKey']]],
    [
      'a key given twice, once escaped',
      '{"title":"a","parameters":{"a":":","\\u0061":1}}',
      [400, ['parameters.a', 'uniqueKey']],
    ],
    ['__proto__', '{"title":"a","parameters":{"__proto__":{"x":1}}}', [400, ['parameters.__proto__', 'noPrototype']]],
    [
      'constructor.prototype',
      '{"title":"a","parameters":{"constructor":{"prototype":{}}}}',
      [400, ['parameters.constructor', 'noPrototype']],
    ],
  ];
  it.each(cases)('is refused for %s, naming field and rule', async (_what, body, expected) => {
    expect(faults(await post('/v1/things', body))).toEqual(expected);
  });

  it('names what is allowed, and what is known', async () => {
    const { body } = await post('/v1/things', '{"title":"a","priority":"urgent","colour":1}');
    expect(body.detail).toContain('high, low');
    expect(body.detail).toContain('known are attempts, labels, link');
  });

  it.each([
    ['not JSON', '{"title":'],
    ['two values', '{} {}'],
    ['single quotes', "{'title':'a'}"],
    ['nothing', ''],
    ['NaN', '{"title":NaN}'],
  ])('that is %s is malformed_json', async (_what, text) => {
    const { status, body } = await post('/v1/things', text);
    expect([status, body.code]).toEqual([400, 'malformed_json']);
  });

  it('that is not UTF-8 is malformed_json', async () => {
    const bytes = Uint8Array.from([...Buffer.from('{"title":"'), 0xff, 0xfe, ...Buffer.from('"}')]);
    expect((await post('/v1/things', bytes)).body.code).toBe('malformed_json');
  });

  it.each([
    ['lists', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
  ])('of %s 100,000 levels deep is refused', async (_what, nested) => {
    const { status, body } = await post('/v1/things', `{"title":"a","parameters":{"a":${nested}}}`);
    expect([status, body.errors?.[0]?.rule]).toEqual([400, 'maxDepth']);
    expect(String(body.errors?.[0]?.field)).toMatch(/^parameters\.a/);
  });

  it('at the limit of depth passes', async () => {
    const nested = `${'['.repeat(62)}1.5e3${']'.repeat(62)}`;
    expect((await post('/v1/things', `{"title":"a","parameters":{"a":${nested}}}`)).status).toBe(201);
  });

  it('of another media type is 415, or of none', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'nonsense',
    ]) {
      const { status, body } = await post('/v1/things', 'title=a', type);
      expect([type, status, body.code]).toEqual([type, 415, 'unsupported_media_type']);
    }
  });

  it('is read under any JSON media type', async () => {
    for (const type of ['application/json; charset=utf-8', 'application/merge-patch+json', 'Application/JSON']) {
      expect((await post('/v1/things', '{"title":"a"}', type)).status).toBe(201);
    }
  });

  it('may be left out where the route needs none', async () => {
    expect(await ask('/v1/things/pause', { method: 'POST' })).toMatchObject({ status: 201, body: { paused: true } });
    expect(faults(await ask('/v1/things', { method: 'POST' }))).toEqual([400, ['title', 'isDefined']]);
  });

  it('over the limit is 413, and a route may have a limit of its own', async () => {
    const large = JSON.stringify({ things: [{ title: 'a', parameters: { text: 'x'.repeat(MiB) } }] });
    expect(await post('/v1/things', large)).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
    expect(await post('/v1/things/batch', large)).toMatchObject({ status: 201, body: { count: 1 } });
    expect((await post('/v1/things/batch', 'x'.repeat(2 * MiB + 1))).status).toBe(413);
  });
});

describe('a batch', () => {
  it('names the item, and each of its fields', async () => {
    const things = [{ title: 'a' }, { title: 'b', link: { to: 1 } }, { title: 'c', priority: 'urgent', colour: 1 }];
    expect(faults(await post('/v1/things/batch', JSON.stringify({ things })))).toEqual([
      400,
      ['things[2].colour', 'isKnown'],
      ['things[1].link.to', 'isString'],
      ['things[2].priority', 'isIn'],
    ]);
  });

  it.each([
    ['null', [null]],
    ['a text', ['a']],
    ['a list', [[]]],
  ])('refuses an item that is %s', async (_what, items) => {
    const { status, body } = await post('/v1/things/batch', JSON.stringify({ things: [{ title: 'a' }, ...items] }));
    expect([status, body.errors?.length]).toEqual([400, 1]);
    expect(body.errors?.[0]?.field).toMatch(/^things/);
  });

  it.each(['{}', '5', 'null', '"a"'])('refuses %s for the list', async (list) => {
    expect(faults(await post('/v1/things/batch', `{"things":${list}}`))).toEqual([400, ['things', 'isArray']]);
  });

  it('repeats no more than the first violations', async () => {
    const { body } = await post('/v1/things/batch', JSON.stringify({ things: Array.from({ length: 90 }, () => ({})) }));
    expect(body.errors).toHaveLength(50);
    expect(body.detail).toContain('And 87 more.');
  });

  it('is also read as NDJSON, line by line', async () => {
    const answer = await post('/v1/things/batch', '{"title":"a"}\r\n\n{"title":"b"}\n', 'application/x-ndjson');
    expect(answer).toMatchObject({ status: 201, body: { count: 2, kinds: ['Thing'] } });
  });

  it('as NDJSON names the line that is wrong', async () => {
    const ndjson = (text: string): Promise<Answer> => post('/v1/things/batch', text, 'application/x-ndjson');
    expect((await ndjson('{"title":"a"}\n{"title"\n')).body).toMatchObject({ code: 'malformed_json', line: 2 });
    const nul = await ndjson('{"title":"a"}\n{"title":"\\u0000"}');
    expect(faults(nul)).toEqual([400, ['things[1].title', 'noNul']]);
    expect(nul.body.detail).toContain('Line 2');
    expect(faults(await ndjson('[1]'))).toEqual([400, ['things[0]', 'isObject']]);
    expect(faults(await ndjson('{"title":"a"}\n{}'))).toEqual([400, ['things[1].title', 'isDefined']]);
    expect(await ndjson('{"title":"a"}\n'.repeat(6))).toMatchObject({
      status: 413,
      body: { code: 'too_many_items', max: 5 },
    });
    expect(await post('/v1/things', '{"title":"a"}', 'application/x-ndjson')).toMatchObject({ status: 415 });
  });
});

describe('a query', () => {
  it('is converted by rule and gets its defaults', async () => {
    expect((await ask('/v1/things')).body).toEqual({ limit: 50, deep: false });
    expect((await ask('/v1/things?status=pending,failed&status=failed&limit=7&deep=true&after=x')).body).toEqual({
      limit: 7,
      deep: true,
      status: ['pending', 'failed', 'failed'],
      after: 'x',
    });
    expect((await ask('/v1/things?status=')).body).toEqual({ limit: 50, deep: false });
  });

  it.each([
    ['limit=0', 'limit', 'isInt'],
    ['limit=501', 'limit', 'isInt'],
    ['limit=', 'limit', 'isInt'],
    ['limit=1e2', 'limit', 'isInt'],
    ['limit=1&limit=2', 'limit', 'isInt'],
    ['limit=99999999999999999999', 'limit', 'isInt'],
    ['deep=yes', 'deep', 'isBoolean'],
    ['status=pending,gone', 'status', 'isIn'],
    ['after=a&after=b', 'after', 'isString'],
    ['colour=red', 'colour', 'isKnown'],
    ['__proto__=1', '__proto__', 'isKnown'],
    ['after=a%00b', 'after', 'noNul'],
    ['%00=b', '["\\u0000"]', 'noNul'],
  ])('%s is refused', async (query, field, rule) => {
    expect(faults(await ask(`/v1/things?${query}`))).toEqual([400, [field, rule]]);
  });
});

describe('a path', () => {
  it('takes a UUID', async () => {
    const id = '018f3b1e-0000-7000-8000-000000000001';
    expect((await ask(`/v1/things/${id}`)).body).toEqual({ id });
  });

  it.each([
    ['not-a-uuid', [400, ['id', 'isUuid']]],
    ['a%00b', [400, ['id', 'noNul']]],
    ['%ED%A0%80', [400]],
    ['%E0%A4%A', [400]],
    ['x'.repeat(500), [414]],
  ])('with %.20s is refused', async (id, expected) => {
    const answer = await ask(`/v1/things/${id}`);
    expect(faults(answer)).toEqual(expected);
    expect(answer.type).toContain('application/problem+json');
  });
});
