import { totalmem } from 'node:os';
import type { Configuration } from '../../../src/config/configuration.ts';
import type { TaskManagerResources } from '../../task-manager/slot/task-manager-resources.ts';

/** Memory that this process may use: the limit of its container, else all of the machine. */
export function processMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** What a TaskManager with this configuration has in this process. */
export function resourcesOf(configuration: Configuration): TaskManagerResources {
  return { configuration: configuration.toRecord(), memoryBytes: processMemoryBytes() };
}
