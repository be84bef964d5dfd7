import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context, Span as OtelSpan, Tracer } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import { TRACE_EXPORT_DELAY_MS } from '../../../src/base/limits.ts';
import type { Span, SpanOptions, SpanOutcome, TraceContext, Tracing } from '../../../src/ports/tracing.ts';
import type { TracedProcess, TraceReporter } from './open-tracing.ts';

/** Where spans go, and which. */
export interface TraceExport {
  readonly reporters: ReadonlySet<TraceReporter>;
  readonly endpoint: string;
  readonly timeoutMs: number;
  /** Share of traces that are kept. */
  readonly ratio: number;
  /** Spans that wait to be sent; more are dropped. */
  readonly queueSpans: number;
}

/** Spans by the OpenTelemetry SDK. A provider of our own: what a job registers globally stays its own. */
export class OtelTracing implements Tracing {
  readonly enabled = true;
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;

  constructor(options: TraceExport & TracedProcess) {
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': `millrace-${options.role}`,
        'service.namespace': options.clusterId,
        'process.pid': process.pid,
      }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.ratio) }),
      spanProcessors: [...options.reporters].map((reporter) => processorOf(reporter, options)),
    });
    this.#tracer = this.#provider.getTracer('millrace');
  }

  start(name: string, { parent, attributes = {}, startedAt }: SpanOptions = {}): Span {
    const begin = startedAt === undefined ? {} : { startTime: startedAt };
    const span = this.#tracer.startSpan(name, { attributes, ...begin }, contextOf(parent));
    return { context: headerOf(span), end: (outcome) => endSpan(span, outcome) };
  }

  /** Sends what waits. */
  close(): Promise<void> {
    return this.#provider.shutdown();
  }
}

function endSpan(span: OtelSpan, { attributes, error, endedAt }: SpanOutcome = {}): void {
  if (!span.isRecording()) return;
  if (attributes !== undefined) span.setAttributes(attributes);
  if (error !== undefined)
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message.slice(0, 1_000) });
  span.end(endedAt);
}

function contextOf(parent: TraceContext | undefined): Context {
  const found = parent === undefined ? null : parseTraceParent(parent);
  return found === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...found, isRemote: true });
}

/** @see https://www.w3.org/TR/trace-context/#traceparent-header */
function headerOf(span: OtelSpan): TraceContext {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

function processorOf(reporter: TraceReporter, options: TraceExport): SpanProcessor {
  switch (reporter) {
    case 'otlp':
      return new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: options.endpoint, timeoutMillis: options.timeoutMs }),
        scheduledDelayMillis: TRACE_EXPORT_DELAY_MS,
        exportTimeoutMillis: options.timeoutMs,
        maxQueueSize: options.queueSpans,
      });
    case 'console':
      return new SimpleSpanProcessor({ exporter: new LineExporter() });
  }
}

/** Spans as lines of JSON on standard error, for people who look for something. Standard output belongs to the job. */
class LineExporter implements SpanExporter {
  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    for (const span of spans) {
      const { traceId, spanId } = span.spanContext();
      const line = {
        span: span.name,
        traceId,
        spanId,
        ...(span.parentSpanContext === undefined ? {} : { parentSpanId: span.parentSpanContext.spanId }),
        startedAt: new Date(toMs(span.startTime)).toISOString(),
        durationMs: toMs(span.duration),
        ...(span.status.code === SpanStatusCode.ERROR ? { error: span.status.message ?? '' } : {}),
        ...span.attributes,
      };
      process.stderr.write(`${JSON.stringify(line)}\n`);
    }
    done({ code: 0 });
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function toMs([seconds, nanos]: [number, number]): number {
  return seconds * 1_000 + nanos / 1e6;
}
