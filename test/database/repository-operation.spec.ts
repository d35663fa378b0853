import { randomUUID } from 'node:crypto';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { type Notebook, notesDatabase, openNotes } from '../support/notes.js';

describe('a repository operation', () => {
  let app: Notebook;
  let tenant: string;
  const spans = new InMemorySpanExporter();

  beforeAll(async () => {
    new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).register();
    app = await openNotes({ url: await notesDatabase() });
  });
  beforeEach(() => {
    tenant = randomUUID();
    spans.reset();
    app.metrics.registry.resetMetrics();
  });
  afterAll(async () => {
    trace.disable();
    context.disable();
    await app.close();
  });

  const metric = async (line: RegExp): Promise<number> =>
    Number(line.exec(await app.metrics.registry.metrics())?.[1] ?? Number.NaN);

  it('is timed by its name [S131] [S135]', async () => {
    await app.notes.add(tenant, 'a');
    await app.notes.add(tenant, 'b');

    expect(await metric(/operation_duration_seconds_count\{operation="notes.add"\} (\d+)/)).toBe(2);
  });

  it('is timed when it fails, and counted by the error’s code [S132]', async () => {
    await app.notes.add(tenant, 'a');
    await expect(app.notes.add(tenant, 'a')).rejects.toMatchObject({ code: 'already_exists' });

    expect(await metric(/operation_duration_seconds_count\{operation="notes.add"\} (\d+)/)).toBe(2);
    const errors = /operation_errors_total\{operation="notes.add",error_type="already_exists"\} (\d+)/;
    expect(await metric(errors)).toBe(1);
  });

  it('has a span of its own that ends on every path [S136]', async () => {
    await app.notes.add(tenant, 'a');
    await expect(app.notes.add(tenant, 'a')).rejects.toThrow();

    const ended = spans.getFinishedSpans().map((span) => [span.name, span.status.code]);
    expect(ended).toEqual([
      ['notes.add', SpanStatusCode.UNSET],
      ['notes.add', SpanStatusCode.ERROR],
    ]);
  });

  it('stays below the span of its caller, in a transaction too [S6]', async () => {
    await trace.getTracer('test').startActiveSpan('service', async (service) => {
      await using transaction = await app.notes.beginTx();
      await app.notes.withTx(transaction).add(tenant, 'a');
      service.end();
    });

    const [operation, service] = spans.getFinishedSpans();
    expect(operation?.parentSpanContext?.spanId).toBe(service?.spanContext().spanId);
  });

  it('logs its failure with the cause, and whether it was in a transaction [S6] [S130]', async () => {
    await expect(app.notes.run('SELECT nonsense')).rejects.toMatchObject({ code: 'internal', operation: 'notes.run' });
    await using transaction = await app.notes.beginTx();
    await expect(app.notes.withTx(transaction).run('SELECT nonsense')).rejects.toThrow();

    const failures = app.logged.filter((line) => line.msg === 'operation failed');
    expect(failures).toMatchObject([
      { level: 'error', operation: 'notes.run', tx: false, err: { driverError: { code: '42703' } } },
      { level: 'error', operation: 'notes.run', tx: true },
    ]);
  });

  it('does not log what is only a refusal', async () => {
    const before = app.logged.length;
    await expect(app.notes.add('no uuid', 'a')).rejects.toThrow();

    expect(app.logged).toHaveLength(before);
  });

  it('keeps its name, for stack traces and tests', () => {
    expect(app.notes.add.name).toBe('add');
  });
});
