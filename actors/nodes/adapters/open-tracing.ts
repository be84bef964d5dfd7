import { ConfigurationError } from '../../../src/base/errors.ts';
import { TRACE_QUEUE_SPANS } from '../../../src/base/limits.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import { NO_TRACING } from '../../../src/ports/tracing.ts';
import type { Tracing } from '../../../src/ports/tracing.ts';
import type { TraceExport } from './otel-tracing.ts';

/** Traces of one process. */
export interface OpenTracing {
  readonly tracing: Tracing;
  /** Sends what is left; never fails. */
  close(): Promise<void>;
}

/** Names a process in traces. */
export interface TracedProcess {
  /** `jobmanager`, `taskmanager`, `client`... */
  readonly role: string;
  readonly clusterId: string;
}

const OFF: OpenTracing = { tracing: NO_TRACING, close: () => Promise.resolve() };

/**
 * Traces as `traces.*` says. Without reporters nothing is loaded and nothing is done.
 * @throws ConfigurationError for a reporter that does not exist, an endpoint that is no URL, a ratio above 1
 */
export async function openTracing(
  configuration: Configuration,
  process: TracedProcess,
  logger: Logger,
): Promise<OpenTracing> {
  const wanted = traceExport(configuration);
  if (wanted.reporters.size === 0) return OFF;
  // The SDK is loaded only where something is traced.
  const { OtelTracing } = await import('./otel-tracing.ts');
  const tracing = new OtelTracing({ ...wanted, ...process });
  return {
    tracing,
    close: () => tracing.close().catch((error: unknown) => logger.warn('last spans not sent', { error })),
  };
}

const REPORTERS = ['otlp', 'console'] as const;
export type TraceReporter = (typeof REPORTERS)[number];

function traceExport(configuration: Configuration): TraceExport {
  const { traceReporters, otlpTraceEndpoint, otlpTraceTimeout, traceSampling } = OPTIONS;
  const names = (configuration.get(traceReporters) ?? '')
    .split(/[,;]/)
    .map((name) => name.trim().toLowerCase());
  const reporters = new Set<TraceReporter>();
  for (const name of names) {
    if (name === '') continue;
    const reporter = REPORTERS.find((known) => known === (name === 'otel' ? 'otlp' : name));
    if (reporter === undefined)
      throw new ConfigurationError(
        `${traceReporters.key}: there is no trace reporter "${name.slice(0, 100)}": ${REPORTERS.join(', ')}`,
      );
    reporters.add(reporter);
  }
  const endpoint = configuration.get(otlpTraceEndpoint);
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    throw new ConfigurationError(`${otlpTraceEndpoint.key}: "${endpoint}" is not an http or https URL`);
  const ratio = configuration.get(traceSampling);
  if (ratio > 1) throw new ConfigurationError(`${traceSampling.key}: ${ratio} is not a share of at most 1`);
  return {
    reporters,
    endpoint,
    timeoutMs: configuration.get(otlpTraceTimeout),
    ratio,
    queueSpans: TRACE_QUEUE_SPANS,
  };
}
