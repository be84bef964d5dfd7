import { Configuration } from '../../../src/config/configuration.ts';
import { exchangeSettings } from '../../../src/config/exchange-settings.ts';
import { networkBytes } from '../../../src/config/memory-model.ts';
import type { TaskManagerMemory } from '../../../src/config/memory-model.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { ExchangeSettings } from '../../../src/dataplane/exchange/exchange-settings.ts';
import type { SubmitTasks } from '../../../src/protocol/slot.ts';

/** What a TaskManager brings to every job that runs on it. Plain data: it is handed to slot threads. */
export interface TaskManagerResources {
  /** Its own configuration; what a job sets itself wins over it. */
  readonly configuration: Readonly<Record<string, string>>;
  /** Where the memory of its process goes. */
  readonly memory: TaskManagerMemory;
}

/** A job's configuration on this TaskManager. */
export function effectiveConfiguration(
  resources: TaskManagerResources,
  job: SubmitTasks['job'],
): Configuration {
  const own = Configuration.of(Object.entries(resources.configuration));
  return own.with(Configuration.of(Object.entries(job.configuration)));
}

const NETWORK_SHARE = [OPTIONS.networkFraction, OPTIONS.networkMin, OPTIONS.networkMax];

/** How a job's channels are made on this TaskManager. */
export function jobExchange(resources: TaskManagerResources, job: SubmitTasks['job']): ExchangeSettings {
  const own = Configuration.of(Object.entries(resources.configuration));
  const wanted = Configuration.of(Object.entries(job.configuration));
  const configuration = own.with(wanted);
  const { network, flink } = resources.memory;
  const jobDecides = NETWORK_SHARE.some((option) => wanted.has(option));
  return exchangeSettings(configuration, {
    networkBytes: jobDecides ? networkBytes(configuration, flink) : network,
    slots: own.get(OPTIONS.slotsPerTaskManager),
  });
}
