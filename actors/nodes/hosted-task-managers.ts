import { join } from 'node:path';
import type { TaskManagerId } from '../../src/base/ids.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import type { NodeView } from '../../src/ports/node-view.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import type { TaskManagerHandle } from '../task-manager/task-manager.effects.ts';
import type { ModuleCache } from './adapters/module-cache.ts';
import type { ProcessMeter } from './adapters/process-meter.ts';
import { hardwareOf, resourcesOf } from './adapters/process-memory.ts';
import { ProcessView } from './adapters/process-view.ts';
import type { WatchedThread } from './adapters/process-view.ts';
import { profileSettings } from './profiling/profile-archive.ts';
import { RingRegistry } from './adapters/ring-registry.ts';
import { workerSlotThreads } from './adapters/worker-slot-thread.ts';
import { startTaskManagerNode } from './task-manager-node.ts';

export interface HostedTaskManagersOptions {
  readonly configuration: Configuration;
  readonly modules: ModuleCache;
  /** How many share the memory of this process. */
  readonly count: number;
  /** Adds up what the threads of the process measure of themselves. */
  readonly processMeter: ProcessMeter;
  readonly output: NodeJS.WritableStream | undefined;
  /** For files of this process; goes with it. */
  readonly directory: string;
}

/** TaskManagers that this process hosts, `tm-0`, `tm-1`...: they share its memory, and exchange records by rings. */
export class HostedTaskManagers {
  /** This process. */
  readonly view: NodeView;
  readonly #start: (taskManagerId: TaskManagerId) => TaskManagerHandle;
  #started = 0;

  constructor(environment: ActorEnvironment, options: HostedTaskManagersOptions) {
    const { configuration, modules, count, processMeter, output, directory } = options;
    const resources = resourcesOf(configuration, count);
    const watched = new Set<WatchedThread>();
    const view = new ProcessView({
      logFile: undefined,
      threads: () => [...watched],
      profiles: profileSettings(configuration),
      directory: join(directory, 'profiles'),
    });
    const startThread = workerSlotThreads({
      environment,
      modules,
      rings: new RingRegistry(resources),
      resources,
      watched,
      processMeter,
      ...(output === undefined ? {} : { output }),
    });
    this.view = view;
    const hardware = hardwareOf(resources);
    this.#start = (taskManagerId) =>
      startTaskManagerNode(environment, {
        configuration,
        processId: 'mini-cluster',
        startThread,
        hardware,
        view,
        taskManagerId,
      });
  }

  start(): TaskManagerHandle {
    return this.#start(`tm-${this.#started++}` as TaskManagerId);
  }
}
