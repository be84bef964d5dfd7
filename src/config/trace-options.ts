import { TRACE_EXPORT_TIMEOUT_MS } from '../base/limits.ts';
import { durationOption, numberOption, stringOption } from './option.ts';

/** Traces of the control plane; see `actors/nodes/adapters/open-tracing.ts`. */
export const TRACE_OPTIONS = {
  traceReporters: stringOption('traces.reporters', {
    defaultValue: undefined,
    description:
      'Where traces go, separated by commas: `otlp` (OpenTelemetry over HTTP, JSON), `console` (standard error). Unset: nothing is traced.',
  }),
  otlpTraceEndpoint: stringOption('traces.reporter.otlp.exporter.endpoint', {
    defaultValue: 'http://127.0.0.1:4318/v1/traces',
    description: 'Where the reporter `otlp` sends spans to.',
    aliases: ['traces.reporter.otel.exporter.endpoint'],
  }),
  otlpTraceTimeout: durationOption('traces.reporter.otlp.exporter.timeout', {
    defaultValue: TRACE_EXPORT_TIMEOUT_MS,
    description: 'How long a collector may take for one batch of spans before they are dropped.',
    aliases: ['traces.reporter.otel.exporter.timeout'],
  }),
  traceSampling: numberOption('traces.sampling.ratio', {
    defaultValue: 1,
    description: 'Share of traces that are kept, 0 to 1; a trace is kept or left as a whole.',
  }),
};
