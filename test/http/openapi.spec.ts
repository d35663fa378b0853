import { Body, Controller, Delete, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiOkResponse, type OpenAPIObject } from '@nestjs/swagger';
import {
  AcceptsBody,
  AnswersGone,
  AnyJson,
  IdParam,
  IfMatch,
  IsJsonObject,
  IsJsonValue,
  IsWhole,
  Omittable,
  PageQuery,
  Whole,
  WholeByName,
} from '../../src/shared/http/index.js';
import { type SmallApp, startSmallApp } from '../support/small-app.js';

class Note {
  @Omittable()
  @IsJsonObject()
  parameters?: object;

  /** What came of it. */
  @Omittable()
  @IsJsonValue()
  result?: unknown;

  @Omittable()
  @IsWhole(1, 9)
  size?: number;
}

class NoteView {
  @AnyJson()
  result: unknown;

  @Whole()
  count: number;

  @WholeByName()
  counts: Record<string, number>;
}

@Controller('v1/notes')
class NotesController {
  @Get()
  @AnswersGone()
  list(@Query() _query: PageQuery): void {}

  @Post()
  @AcceptsBody({ ndjson: { field: 'notes', maxItems: 5 } })
  create(@Body() _note: Note): void {}

  @Get(':id')
  @ApiOkResponse({ type: NoteView })
  get(@IdParam() _id: string): void {}

  @Patch(':id')
  update(@IdParam() _id: string, @IfMatch() _version: number, @Body() _note: Note): void {}

  @Delete(':id')
  delete(@IdParam() _id: string): void {}
}

@Controller()
class ProbesController {
  @Get('livez')
  live(): void {}
}

let small: SmallApp;
let document: OpenAPIObject;
beforeAll(async () => {
  small = await startSmallApp([NotesController, ProbesController]);
  document = (await (await fetch(`${small.url}/openapi.json`)).json()) as OpenAPIObject;
});
afterAll(() => small.stop());

const headersOf = (operation: { parameters?: unknown[] } | undefined): unknown[] =>
  (operation?.parameters ?? [])
    .filter((one): one is { in: string; name: string } => (one as { in: string }).in === 'header')
    .map((one) => one.name);

it('is OpenAPI 3.1 with tidy operation ids', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(document.info).toMatchObject({ title: 'Small', version: '1.2.3' });
  expect(document.paths['/v1/notes']?.get?.operationId).toBe('notes.list');
  expect(document.paths['/v1/notes/{id}']?.delete?.operationId).toBe('notes.delete');
});

it('asks for a key or a token everywhere but at the probes', () => {
  expect(Object.keys(document.components?.securitySchemes ?? {})).toEqual(['apiKey', 'oidc']);
  expect(document.paths['/v1/notes']?.get?.security).toEqual([{ apiKey: [] }, { oidc: [] }]);
  expect(document.paths['/livez']?.get?.security).toEqual([]);
});

it('offers Idempotency-Key on every mutation, and If-Match where a version is needed', () => {
  expect(headersOf(document.paths['/v1/notes']?.get)).toEqual([]);
  expect(headersOf(document.paths['/v1/notes']?.post)).toEqual(['Idempotency-Key']);
  expect(headersOf(document.paths['/v1/notes/{id}']?.patch)).toEqual(['If-Match', 'Idempotency-Key']);
  expect(headersOf(document.paths['/v1/notes/{id}']?.delete)).toEqual(['Idempotency-Key']);
});

it('tells of problems on every route', () => {
  const { patch, get } = document.paths['/v1/notes/{id}'] ?? {};
  expect(Object.keys(patch?.responses ?? {})).toEqual(
    expect.arrayContaining(['200', '400', '401', '403', '404', '409', '412', '413', '422', '428', '429', '500', '503']),
  );
  expect(Object.keys(get?.responses ?? {})).not.toContain('412');
  expect(get?.responses?.['404']).toMatchObject({
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  });
  expect(Object.keys(get?.responses ?? {})).not.toContain('410');
  expect(document.paths['/v1/notes']?.get?.responses?.['410']).toMatchObject({
    content: { 'application/problem+json': {} },
  });
  expect(document.components?.schemas?.['Problem']).toMatchObject({
    required: expect.arrayContaining(['code']) as unknown,
  });
});

it('knows what our field decorators say', () => {
  expect(document.paths['/v1/notes']?.get?.parameters).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        name: 'limit',
        in: 'query',
        required: false,
        schema: expect.objectContaining({ type: 'integer', maximum: 500, default: 50 }) as unknown,
      }),
      expect.objectContaining({ name: 'after', in: 'query', required: false }),
    ]),
  );
  expect(document.paths['/v1/notes/{id}']?.get?.parameters).toEqual([
    expect.objectContaining({ name: 'id', in: 'path', schema: { type: 'string', format: 'uuid' } }),
  ]);
  expect(document.components?.schemas?.['Note']).toMatchObject({
    properties: { parameters: { type: 'object', additionalProperties: true } },
  });
  expect(document.components?.schemas?.['Note']).not.toHaveProperty('required');
  expect(Object.keys((document.paths['/v1/notes']?.post?.requestBody as { content: object }).content)).toEqual([
    'application/json',
    'application/x-ndjson',
  ]);
});

it('says any JSON by a schema that takes everything, and whole numbers with their bounds', () => {
  const { Note, NoteView } = document.components?.schemas as Record<string, { properties: Record<string, object> }>;
  expect(Note?.properties).toMatchObject({ size: { type: 'integer', minimum: 1, maximum: 9 } });
  expect(Note?.properties.result).not.toHaveProperty('type');
  expect(NoteView?.properties).toEqual({
    result: {},
    count: { type: 'integer', minimum: 0 },
    counts: { type: 'object', additionalProperties: { type: 'integer', minimum: 0 } },
  });
});

it('has a page at /docs that needs no other host', async () => {
  const page = await fetch(`${small.url}/docs`);
  const html = await page.text();
  expect(page.status).toBe(200);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");

  const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)]
    .map(([, file]) => String(file))
    .filter((file) => !file.startsWith('#'));
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) {
    expect(file).not.toMatch(/^(?:https?:)?\/\//);
    const response = await fetch(new URL(file, `${small.url}/docs`));
    expect([file, response.status]).toEqual([file, 200]);
    await response.arrayBuffer();
  }
  const inline = [...html.matchAll(/<script\b(?![^>]*\bsrc=)/g)];
  expect(inline).toHaveLength(0);
});
