import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  currentTraceparent,
  startTracing,
  type Tracing,
  withRemoteParent,
  withSpan,
} from '../../src/shared/metrics/index.js';

interface ReceivedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: { stringValue?: string } }[];
  status: { code?: number; message?: string };
  events: { name: string; attributes: { key: string; value: { stringValue?: string } }[] }[];
}

interface Export {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue: string } }[] };
    scopeSpans: { spans: ReceivedSpan[] }[];
  }[];
}

/** An OTLP collector: takes exports over HTTP and keeps them. */
class Collector {
  readonly exports: Export[] = [];
  readonly paths: string[] = [];
  private readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.paths.push(`${request.method} ${request.url}`);
      this.exports.push(JSON.parse(Buffer.concat(chunks).toString()) as Export);
      if (this.answers) response.setHeader('content-type', 'application/json').end('{}');
    });
  });

  constructor(private readonly answers = true) {}

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  get spans(): ReceivedSpan[] {
    return this.exports.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    );
  }

  span(name: string): ReceivedSpan {
    const found = this.spans.find((span) => span.name === name);
    if (!found) throw new Error(`The collector has no span ${name}.`);
    return found;
  }
}

describe('tracing', () => {
  let collector: Collector;
  let tracing: Tracing;

  beforeEach(async () => {
    collector = new Collector();
    tracing = await startTracing({ endpoint: `${await collector.start()}/`, serviceName: 'muster-test' });
  });
  afterEach(async () => {
    await tracing.shutdown();
    await collector.stop();
  });

  it('sends spans with their parent, attributes and the name of the service', async () => {
    await withSpan('outer', { tenant: 't1' }, () => withSpan('inner', {}, async () => 1));
    await tracing.shutdown();

    const [outer, inner] = [collector.span('outer'), collector.span('inner')];
    expect(collector.paths).toEqual(['POST /v1/traces']);
    expect(inner.parentSpanId).toBe(outer.spanId);
    expect(inner.traceId).toBe(outer.traceId);
    expect(outer.attributes).toEqual([{ key: 'tenant', value: { stringValue: 't1' } }]);
    expect(collector.exports[0]?.resourceSpans[0]?.resource.attributes).toContainEqual({
      key: 'service.name',
      value: { stringValue: 'muster-test' },
    });
  });

  it('ends the span on every path and records what was thrown [S136]', async () => {
    const rejected = withSpan('rejected', {}, () => Promise.reject(new TypeError('no such thing')));
    await expect(rejected).rejects.toThrow('no such thing');
    const thrown = withSpan('thrown', {}, () => {
      throw new RangeError('at once');
    });
    await expect(thrown).rejects.toThrow('at once');
    await withSpan('fine', {}, () => 1);
    await tracing.shutdown();

    expect(collector.spans).toHaveLength(3);
    for (const span of collector.spans) expect(BigInt(span.endTimeUnixNano)).toBeGreaterThan(0n);
    expect(collector.span('fine').status.code ?? 0).toBe(0);
    expect(collector.span('thrown').status).toEqual({ code: 2, message: 'at once' });
    const [event] = collector.span('rejected').events;
    expect(event?.name).toBe('exception');
    expect(event?.attributes).toContainEqual({ key: 'exception.type', value: { stringValue: 'TypeError' } });
  });

  it('continues a trace from a stored traceparent, as W3C writes it', async () => {
    const stored = await withSpan('cause', {}, () => currentTraceparent());
    await withRemoteParent(stored, () => withSpan('effect', {}, () => 1));
    await withRemoteParent('not a traceparent', () => withSpan('alone', {}, () => 1));
    await withRemoteParent(null, () => withSpan('alone too', {}, () => 1));
    await tracing.shutdown();

    const [cause, effect] = [collector.span('cause'), collector.span('effect')];
    expect(stored).toBe(`00-${cause.traceId}-${cause.spanId}-01`);
    expect(effect.traceId).toBe(cause.traceId);
    expect(effect.parentSpanId).toBe(cause.spanId);
    expect(collector.span('alone').traceId).not.toBe(cause.traceId);
    expect(collector.span('alone too').parentSpanId ?? '').toBe('');
  });

  it('stops within the limit when the collector accepts and never answers', async () => {
    const silent = new Collector(false);
    await tracing.shutdown();
    tracing = await startTracing({ endpoint: await silent.start(), serviceName: 'muster-test' });
    await withSpan('lost', {}, () => 1);
    const started = performance.now();

    await tracing.shutdown(100);

    expect(performance.now() - started).toBeLessThan(1_000);
    await silent.stop();
  });

  it('stops without an error when nobody listens at the endpoint', async () => {
    await tracing.shutdown();
    const gone = new Collector();
    const endpoint = await gone.start();
    await gone.stop();
    tracing = await startTracing({ endpoint, serviceName: 'muster-test' });
    await withSpan('lost', {}, () => 1);

    await expect(tracing.shutdown(200)).resolves.toBeUndefined();
  });
});

describe('without an endpoint', () => {
  it('runs the function, keeps its outcome and traces nothing', async () => {
    const tracing = await startTracing({ serviceName: 'muster-test' });

    await expect(withSpan('any', {}, () => currentTraceparent())).resolves.toBeUndefined();
    await expect(withSpan('any', {}, () => Promise.reject(new Error('kept')))).rejects.toThrow('kept');
    expect(withRemoteParent('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', () => 7)).toBe(7);
    await tracing.shutdown();
  });
});
