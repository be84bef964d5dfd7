import type { ClusterId, TaskManagerId } from '../../../src/base/ids.ts';
import { defineJob } from '../../../src/api/job.ts';
import { Configuration } from '../../../src/config/configuration.ts';
import { MemoryArtifactStore } from '../../../src/storage/memory/artifact-store.ts';
import { MemorySnapshotStores } from '../../../src/storage/memory/snapshot-store.ts';
import { MemoryMetadataStore } from '../../../src/storage/memory/metadata-store.ts';
import { LocalHub } from '../../../src/transport/local/hub.ts';
import { ClusterClient } from '../../../actors/client/cluster-client.ts';
import { createEnvironment } from '../../../actors/messaging/environment.ts';
import type { ActorEnvironment } from '../../../actors/messaging/environment.ts';
import { tell } from '../../../actors/messaging/serve.ts';
import { SilentLogger } from '../../../actors/nodes/adapters/silent-logger.ts';
import { systemClock } from '../../../actors/nodes/adapters/system-clock.ts';
import { systemRandom } from '../../../actors/nodes/adapters/system-random.ts';
import { startJobManagerNode } from '../../../actors/nodes/job-manager-node.ts';
import { startTaskManagerNode } from '../../../actors/nodes/task-manager-node.ts';
import type { SlotThread, StartSlotThread } from '../../../actors/task-manager/slot/slot-thread.ts';
import { definedJobs } from '../../../actors/testing/inline-slot-thread.ts';
import type { Bench } from '../bench.ts';
import { cpuSeconds, peakRssMb } from '../measure.ts';

const VERTICES = 10;
const PARALLELISM = 100;
const TASK_MANAGERS = 25;
const SLOTS = 4;

/** A chain of `VERTICES` vertices, each joined to the next by all-to-all channels. */
const JOB = defineJob('a thousand subtasks', (env) => {
  let stream = env.fromCollection([0]).rebalance();
  for (let i = 0; i < VERTICES; i++) stream = stream.map((value) => value).rebalance();
});

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

/** Milliseconds from submission until all subtasks of a job of a thousand run. */
async function benchControlPlane(): Promise<{ readonly subtasks: number; readonly milliseconds: number }> {
  const configuration = Configuration.of([
    ['parallelism.default', String(PARALLELISM)],
    ['taskmanager.numberOfTaskSlots', String(SLOTS)],
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
    loader: definedJobs(JOB),
    defaultCheckpoints: 'memory:',
  });
  const taskManagers = Array.from({ length: TASK_MANAGERS }, (_, i) =>
    startTaskManagerNode(environment, {
      configuration,
      processId: `process-${i}`,
      taskManagerId: `tm-${i}` as TaskManagerId,
      startThread: reportingThreads(environment),
    }),
  );
  const client = new ClusterClient(environment, { timeoutMs: 60_000, pollIntervalMs: 20 });
  while ((await client.overview()).slotsAvailable < TASK_MANAGERS * SLOTS) await pause(20);
  const jobId = client.newJobId();
  const start = performance.now();
  await client.submit({ jobId, module: { source: 'bench' }, configuration: configuration.toRecord() });
  let summary = jobManager.dispatcher.jobManager(jobId)?.summary();
  while (summary === undefined || summary.tasksRunning < summary.tasksTotal) {
    await pause(1);
    summary = jobManager.dispatcher.jobManager(jobId)?.summary();
  }
  const milliseconds = performance.now() - start;
  for (const taskManager of taskManagers) taskManager.kill();
  jobManager.stop();
  await hub.close();
  return { subtasks: summary.tasksTotal, milliseconds };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export const controlPlane: Bench = {
  name: 'control-plane',
  title: 'a job of 1,000 subtasks from submission until all run, on simulated TaskManagers',
  floor: 500,
  run: async () => {
    const cpu = cpuSeconds();
    const { subtasks, milliseconds } = await benchControlPlane();
    return {
      records: subtasks,
      seconds: milliseconds / 1000,
      cpuSeconds: cpuSeconds() - cpu,
      peakRssMb: peakRssMb(),
    };
  },
};
