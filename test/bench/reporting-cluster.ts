import type { ClusterId, TaskManagerId } from '../../src/base/ids.ts';
import type { JobDefinition } from '../../src/api/job.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { MemoryArtifactStore } from '../../src/storage/memory/artifact-store.ts';
import { MemorySnapshotStores } from '../../src/storage/memory/snapshot-store.ts';
import { MemoryMetadataStore } from '../../src/storage/memory/metadata-store.ts';
import { LocalHub } from '../../src/transport/local/hub.ts';
import { ClusterClient } from '../../actors/client/cluster-client.ts';
import { createEnvironment } from '../../actors/messaging/environment.ts';
import type { ActorEnvironment } from '../../actors/messaging/environment.ts';
import { tell } from '../../actors/messaging/serve.ts';
import { SilentLogger } from '../../actors/nodes/adapters/silent-logger.ts';
import { systemClock } from '../../actors/nodes/adapters/system-clock.ts';
import { systemRandom } from '../../actors/nodes/adapters/system-random.ts';
import { thisProcess } from '../../actors/nodes/adapters/this-process.ts';
import { startJobManagerNode } from '../../actors/nodes/job-manager-node.ts';
import type { JobManagerNode } from '../../actors/nodes/job-manager-node.ts';
import { startTaskManagerNode } from '../../actors/nodes/task-manager-node.ts';
import type { SlotThread, StartSlotThread } from '../../actors/task-manager/slot/slot-thread.ts';
import { definedJobs } from '../../actors/testing/inline-slot-thread.ts';

/** Slot threads that only report: what is measured is the control plane. */
function reportingThreads(environment: ActorEnvironment): StartSlotThread {
  return (): SlotThread => ({
    deploy: ({ job, epoch, tasks }) => {
      for (const { vertexId, subtaskIndex, attempt } of tasks) {
        const reference = { epoch, vertexId, subtaskIndex, attempt };
        for (const state of ['INITIALIZING', 'RUNNING'] as const) {
          tell(environment, environment.subjects.jobManager(job.jobId), {
            type: 'taskStateChanged',
            ...reference,
            state,
          });
        }
      }
    },
    cancel: () => {},
    terminate: () => Promise.resolve(),
  });
}

export interface ReportingClusterOptions {
  readonly parallelism: number;
  readonly taskManagers: number;
  readonly slots: number;
}

/** A JobManager with TaskManagers that run no records, in this process: every job of it is the one that is given. */
export class ReportingCluster {
  readonly environment: ActorEnvironment;
  readonly jobManager: JobManagerNode;
  readonly client: ClusterClient;
  readonly configuration: Configuration;
  readonly #hub: LocalHub;
  readonly #taskManagers: readonly { kill(): void }[];

  private constructor(
    parts: Pick<ReportingCluster, 'environment' | 'jobManager' | 'client' | 'configuration'>,
    hub: LocalHub,
    taskManagers: readonly { kill(): void }[],
  ) {
    this.environment = parts.environment;
    this.jobManager = parts.jobManager;
    this.client = parts.client;
    this.configuration = parts.configuration;
    this.#hub = hub;
    this.#taskManagers = taskManagers;
  }

  /** Resolves when all slots are there. */
  static async start(job: JobDefinition, options: ReportingClusterOptions): Promise<ReportingCluster> {
    const { parallelism, taskManagers: count, slots } = options;
    const configuration = Configuration.of([
      ['parallelism.default', String(parallelism)],
      ['taskmanager.numberOfTaskSlots', String(slots)],
      ['rest.port', '0'],
    ]);
    const hub = new LocalHub({ clock: systemClock });
    const environment = createEnvironment({
      clusterId: 'bench' as ClusterId,
      transport: hub.connect(),
      clock: systemClock,
      random: systemRandom,
      logger: new SilentLogger(),
      snapshots: new MemorySnapshotStores(),
    });
    const jobManager = await startJobManagerNode(environment, {
      configuration,
      metadata: new MemoryMetadataStore(),
      artifacts: new MemoryArtifactStore(),
      loader: definedJobs(job),
      processes: thisProcess,
      defaultCheckpoints: 'memory:',
    });
    const taskManagers = Array.from({ length: count }, (_, i) =>
      startTaskManagerNode(environment, {
        configuration,
        processId: `process-${i}`,
        taskManagerId: `tm-${i}` as TaskManagerId,
        startThread: reportingThreads(environment),
      }),
    );
    const client = new ClusterClient(environment, { timeoutMs: 60_000, pollIntervalMs: 20 });
    while ((await client.overview()).slotsAvailable < count * slots) await pause(20);
    return new ReportingCluster({ environment, jobManager, client, configuration }, hub, taskManagers);
  }

  /** Submits the job and waits until all of its subtasks run. @returns their number */
  async run(): Promise<number> {
    const jobId = this.client.newJobId();
    const configuration = this.configuration.toRecord();
    await this.client.submit({ jobId, module: { source: 'bench' }, configuration });
    for (;;) {
      const summary = this.jobManager.dispatcher.jobManager(jobId)?.summary();
      if (summary !== undefined && summary.tasksRunning === summary.tasksTotal) return summary.tasksTotal;
      await pause(1);
    }
  }

  async stop(): Promise<void> {
    for (const taskManager of this.#taskManagers) taskManager.kill();
    void this.jobManager.stop();
    await this.#hub.close();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
