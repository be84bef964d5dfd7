import { getHeapStatistics } from 'node:v8';
import type { Configuration } from '../../../src/config/configuration.ts';
import { jobManagerMemory, sizesJobManager } from '../../../src/config/job-manager-memory.ts';
import type { Logger } from '../../../src/ports/logger.ts';

const MB = 1024 ** 2;

/** V8's limit of the heap of this thread; bytes. */
export function ownHeapBytes(): number {
  return getHeapStatistics().heap_size_limit;
}

/**
 * Flags of Node for a JobManager's process: V8 takes the limit of its heap when a process starts, and no later
 * (`v8.setFlagsFromString` changes nothing any more). None where the configuration leaves it to V8.
 * @throws ConfigurationError where sizes do not add up
 */
export function jobManagerFlags(configuration: Configuration): readonly string[] {
  if (!sizesJobManager(configuration)) return [];
  return [`--max-heap-size=${Math.floor(jobManagerMemory(configuration, ownHeapBytes()).heap / MB)}`];
}

/**
 * Logs where the memory of this JobManager goes; warns where the limit of its heap is not the one that is configured.
 * @param limitBytes of this process's heap
 * @throws ConfigurationError where sizes do not add up
 */
export function reportJobManagerMemory(
  configuration: Configuration,
  logger: Logger,
  limitBytes = ownHeapBytes(),
): void {
  const memory = jobManagerMemory(configuration, limitBytes);
  const fields = Object.entries(memory).map(([part, bytes]) => [part, Math.round(bytes / MB)] as const);
  logger.info('memory, in MB', Object.fromEntries(fields));
  // V8 rounds its limit to pages.
  if (Math.abs(limitBytes - memory.heap) <= MB) return;
  logger.warn(
    'the limit of the heap is not what jobmanager.memory says: it cannot be changed after the start',
    {
      limit: Math.round(limitBytes / MB),
      configured: Math.floor(memory.heap / MB),
      cure: `start this process with NODE_OPTIONS=${jobManagerFlags(configuration).join(' ')}`,
    },
  );
}
