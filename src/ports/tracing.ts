/** A span's identity as a W3C `traceparent` header: what messages carry from actor to actor. */
export type TraceContext = string;

/** Whether a text from outside is a trace context. */
export function isTraceContext(text: string): boolean {
  return /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(text);
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** Absent: the span begins a trace of its own. */
  readonly parent?: TraceContext | undefined;
  readonly attributes?: SpanAttributes;
  /** Wall time of its begin, ms; default now. */
  readonly startedAt?: number;
}

export interface SpanOutcome {
  readonly attributes?: SpanAttributes;
  /** The work failed. */
  readonly error?: { readonly message: string } | undefined;
  /** Wall time of its end, ms; default now. */
  readonly endedAt?: number;
}

/** Some work of the control plane, as a part of a trace. */
export interface Span {
  /** Parent of what is caused by it; undefined where nothing is traced. */
  readonly context: TraceContext | undefined;
  /** Only the first call counts. */
  end(outcome?: SpanOutcome): void;
}

/** Traces of the control plane, as a port; adapters: OpenTelemetry, posting (slot threads), none. Never per record. */
export interface Tracing {
  /** False: spans lead nowhere, and nobody need gather what they would say. */
  readonly enabled: boolean;
  start(name: string, options?: SpanOptions): Span;
}

const NO_SPAN: Span = { context: undefined, end: () => {} };

/** Traces nothing. */
export const NO_TRACING: Tracing = { enabled: false, start: () => NO_SPAN };
