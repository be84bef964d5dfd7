import { PROCESS_METRICS } from '../../src/metrics/system/process-metrics.ts';
import { SystemMetrics } from '../../src/metrics/system/system-metrics.ts';
import type { ActorEnvironment } from './environment.ts';

/** Messages of a node that reached no actor. */
export function messageMetrics({ refusals }: ActorEnvironment): SystemMetrics<typeof PROCESS_METRICS> {
  return new SystemMetrics(PROCESS_METRICS, {
    'Status.Messages.Malformed': () => refusals.malformed,
    'Status.Messages.Stale': () => refusals.stale,
  });
}
