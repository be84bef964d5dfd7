import type { Configuration } from '../../../src/config/configuration.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import { openMetrics } from './open-metrics.ts';
import type { OpenMetrics } from './open-metrics.ts';
import { openTracing } from './open-tracing.ts';
import type { OpenTracing } from './open-tracing.ts';

/** What tells others of a process: its traces and its metrics. */
export interface Observation {
  readonly traces: OpenTracing;
  readonly metrics: OpenMetrics;
  /** Reports what is left; never fails. */
  close(): Promise<void>;
}

/**
 * Opens both, or neither.
 * @param metricsLogger where reporters of metrics write
 */
export async function observe(
  configuration: Configuration,
  process: { readonly role: string; readonly clusterId: string },
  logger: Logger,
  metricsLogger = logger,
): Promise<Observation> {
  const traces = await openTracing(configuration, process, logger);
  try {
    const metrics = await openMetrics(configuration, process, metricsLogger);
    const close = async (): Promise<void> => {
      await metrics.close();
      await traces.close();
    };
    return { traces, metrics, close };
  } catch (error) {
    await traces.close();
    throw error;
  }
}
