import type { Span, SpanOptions, SpanOutcome, TraceContext, Tracing } from '../ports/tracing.ts';

export interface RecordedSpan extends SpanOptions {
  readonly name: string;
  readonly context: TraceContext;
  outcome: SpanOutcome | undefined;
}

/** Keeps spans, for tests; ids count up, a span without parent has a trace of its own. */
export class RecordingTracing implements Tracing {
  readonly enabled = true;
  readonly spans: RecordedSpan[] = [];

  start(name: string, options: SpanOptions = {}): Span {
    const id = this.spans.length + 1;
    const traceId = options.parent?.split('-')[1] ?? String(id).padStart(32, '0');
    const context = `00-${traceId}-${String(id).padStart(16, '0')}-01`;
    const span: RecordedSpan = { ...options, name, context, outcome: undefined };
    this.spans.push(span);
    return {
      context,
      end: (outcome = {}) => {
        span.outcome ??= outcome;
      },
    };
  }
}
