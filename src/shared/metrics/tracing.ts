import {
  type Attributes,
  context,
  INVALID_SPAN_CONTEXT,
  propagation,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';

export interface TracingOptions {
  /** Base address of an OTLP collector over HTTP, as in OTEL_EXPORTER_OTLP_ENDPOINT. Absent: nothing is traced or loaded. */
  endpoint?: string | undefined;
  serviceName: string;
}

export interface Tracing {
  /** Sends what is left and stops. Returns after `limitMs` at the latest, whether the collector answers or not. */
  shutdown(limitMs?: number): Promise<void>;
}

/**
 * Starts the process's tracing with W3C propagation. Belongs in `main`: an application that imports Muster's modules
 * brings its own tracing, and our spans join it.
 */
export async function startTracing({ endpoint, serviceName }: TracingOptions): Promise<Tracing> {
  if (!endpoint) return { shutdown: () => Promise.resolve() };
  const { BatchSpanProcessor, NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');

  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces`, timeoutMillis: 5_000 });
  const provider = new NodeTracerProvider({
    resource: new ServiceResource({ 'service.name': serviceName }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register();

  return {
    shutdown: async (limitMs = 2_000) => {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
      try {
        await Promise.race([provider.shutdown(), limit]);
      } finally {
        clearTimeout(timer);
        trace.disable();
        context.disable();
        propagation.disable();
      }
    },
  };
}

/** Runs `fn` in a span of its own. The span ends on every path; an error is recorded and thrown on. */
export function withSpan<T>(name: string, attributes: Attributes, fn: (span: Span) => Promise<T> | T): Promise<T> {
  if (!isTraced()) return unspanned(fn);
  return trace.getTracer('muster').startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await fn(span);
    } catch (error) {
      const exception = error instanceof Error ? error : new Error(String(error));
      span.recordException(exception);
      span.setStatus({ code: SpanStatusCode.ERROR, message: exception.message });
      throw error;
    } finally {
      span.end();
    }
  });
}

const NO_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** Whether this process, or the application that imports us, has set tracing up. */
function isTraced(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider && provider.getDelegateTracer('muster') === undefined);
}

/** Spares the context, the promise and the span of every call where nobody would see them. */
function unspanned<T>(fn: (span: Span) => Promise<T> | T): Promise<T> {
  try {
    return Promise.resolve(fn(NO_SPAN));
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}

/** The running span as a W3C `traceparent`, to be kept beside what it caused; undefined when nothing is traced. */
export function currentTraceparent(): string | undefined {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** What was asked for, with the trace of who asked: it may be done later and together with what others asked for. */
export type Traced<T> = T & { readonly trace: string | null };

export const traced = <T extends object>(asked: T): Traced<T> => ({ ...asked, trace: currentTraceparent() ?? null });

/** Runs `fn` under the span that `traceparent` names; one that is absent or malformed starts a trace of its own. */
export function withRemoteParent<T>(traceparent: string | null | undefined, fn: () => T): T {
  return context.with(propagation.extract(ROOT_CONTEXT, { traceparent: traceparent ?? undefined }), fn);
}

type Resource = ReadableSpan['resource'];

/** The SDK does not re-export its own maker of resources, and one attribute is no reason for a dependency. */
class ServiceResource implements Resource {
  constructor(readonly attributes: Attributes) {}

  merge(other: Resource | null): Resource {
    return new ServiceResource({ ...this.attributes, ...other?.attributes });
  }

  getRawAttributes(): ReturnType<Resource['getRawAttributes']> {
    return Object.entries(this.attributes);
  }
}
