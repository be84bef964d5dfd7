import { hostname } from 'node:os';
import { ConfigurationError } from '../../src/base/errors.ts';
import { isId } from '../../src/base/ids.ts';
import type { TaskManagerId } from '../../src/base/ids.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { OPTIONS } from '../../src/config/options.ts';
import type { TaskManagerHardware } from '../../src/protocol/task-manager-info.ts';
import type { NodeView } from '../../src/ports/node-view.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { serveNodeView } from '../messaging/serve-node-view.ts';
import type { SharedMemory } from '../task-manager/memory-readers.ts';
import type { StartSlotThread } from '../task-manager/slot/slot-thread.ts';
import { startTaskManager } from '../task-manager/task-manager.effects.ts';
import type { TaskManagerHandle } from '../task-manager/task-manager.effects.ts';

export interface TaskManagerNodeOptions {
  readonly configuration: Configuration;
  /** Same for all TaskManagers of one process. */
  readonly processId: string;
  readonly startThread: StartSlotThread;
  /** What the process has; shown to clients. */
  readonly hardware?: TaskManagerHardware;
  /** Its process, for those who look into it. */
  readonly view?: NodeView;
  /** Overrides `taskmanager.resource-id` where one process hosts several. */
  readonly taskManagerId?: TaskManagerId;
}

/** Starts a TaskManager as the configuration says. */
export function startTaskManagerNode(
  environment: ActorEnvironment,
  options: TaskManagerNodeOptions,
): TaskManagerHandle {
  const { configuration, processId, startThread } = options;
  const configured = configuration.get(OPTIONS.taskManagerId);
  const taskManagerId = options.taskManagerId ?? configured ?? `tm-${environment.random.hex(4)}`;
  if (!isId(taskManagerId)) {
    throw new ConfigurationError(
      `${OPTIONS.taskManagerId.key}: "${taskManagerId}" is not an id: letters, digits, "_" and "-", 128 at most`,
    );
  }
  const { view } = options;
  const id = taskManagerId as TaskManagerId;
  const viewed =
    view === undefined ? undefined : serveNodeView(environment, environment.subjects.node(id), view);
  const taskManager = startTaskManager(environment, {
    taskManagerId: id,
    processId,
    host: hostname(),
    hardware: options.hardware,
    slots: configuration.get(OPTIONS.slotsPerTaskManager),
    heartbeatIntervalMs: configuration.get(OPTIONS.heartbeatInterval),
    heartbeatTimeoutMs: configuration.get(OPTIONS.heartbeatTimeout),
    metricReportIntervalMs: configuration.get(OPTIONS.metricFetchInterval),
    registrationPauseMs: configuration.get(OPTIONS.registrationPause),
    startThread,
    memory: sharedMemory(options),
  });
  return {
    actor: taskManager.actor,
    stop: async () => {
      viewed?.close();
      await taskManager.stop();
    },
    kill: () => {
      viewed?.close();
      taskManager.kill();
    },
  };
}

function sharedMemory({ configuration, hardware }: TaskManagerNodeOptions): SharedMemory | undefined {
  if (hardware === undefined) return undefined;
  const { managed, network } = hardware.memory;
  return { managed, network, segment: configuration.get(OPTIONS.segmentSize) };
}
