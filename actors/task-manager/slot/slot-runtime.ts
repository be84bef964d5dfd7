import { InternalError } from '../../../src/base/errors.ts';
import type { TaskManagerId } from '../../../src/base/ids.ts';
import { METRIC_COLLECT_INTERVAL_MS, PROGRESS_INTERVAL_MS } from '../../../src/base/limits.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import { rocksDbSettings, taskSettings } from '../../../src/config/settings.ts';
import type { ChainPlan } from '../../../src/graph/chain-plan.ts';
import type { GeneratedJob } from '../../../src/graph/job-graph-generator.ts';
import type { JobVertex } from '../../../src/graph/job-graph.ts';
import type { OperatorFactory } from '../../../src/dataplane/chain/operator.ts';
import { windowFrames } from '../../../src/dataplane/exchange/exchange-settings.ts';
import type { SlotLoop } from '../../../src/dataplane/loop/index.ts';
import {
  openDisaggregatedStates,
  openRocksDbStates,
} from '../../../src/storage/rocksdb/open-keyed-states.ts';
import type { LocalStateOptions } from '../../../src/storage/rocksdb/open-keyed-states.ts';
import { rocksDbMemoryBytes } from '../../../src/storage/rocksdb/settings.ts';
import { createTask } from '../../../src/dataplane/task/index.ts';
import type { Task } from '../../../src/dataplane/task/task.ts';
import type { TaskMetricSettings } from '../../../src/dataplane/task/task-metrics.ts';
import type { SpillFiles } from '../../../src/ports/spill-files.ts';
import type { MetricSamples } from '../../../src/protocol/metrics.ts';
import { jobManagerReply } from '../../../src/protocol/job-manager.ts';
import type { CancelTasks, Deployment, SubmitTasks } from '../../../src/protocol/slot.ts';
import { PERSISTENT, ask } from '../../messaging/ask.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import { every } from '../../messaging/every.ts';
import type { JobLoader } from '../../messaging/job-loader.ts';
import { Subtask } from '../subtask/subtask.effects.ts';
import type { SubtaskLink } from '../subtask/subtask.effects.ts';
import { describeTask } from './describe-task.ts';
import type { OpenChannels } from './slot-channels.ts';
import { sumOfMemory } from './slot-memory.ts';
import type { SlotMemory } from './slot-memory.ts';
import { RestorePoints, taskCheckpointing } from './task-checkpointing.ts';
import { effectiveConfiguration, jobExchange } from './task-manager-resources.ts';
import type { TaskManagerResources } from './task-manager-resources.ts';

export interface SlotRuntimeOptions {
  readonly taskManagerId: TaskManagerId;
  readonly processId: string;
  readonly slot: number;
  readonly loader: JobLoader;
  readonly loop: SlotLoop;
  readonly resources: TaskManagerResources;
  /** Where the TaskManager is, and what its metrics are to be. */
  readonly metrics: SlotMetricSettings;
  /** What the subtasks measure, and what memory they have taken; told about once a second. */
  onMetrics(groups: readonly MetricSamples[], memory: SlotMemory): void;
  /** Temporary files of the tasks that run here. */
  readonly spillFiles: SpillFiles;
  /** Where tasks keep state that is not on the heap; missing: in databases on local disks. */
  readonly localState?: LocalStateOptions;
  /** Channels of the tasks that run here. */
  readonly channels: OpenChannels;
}

export type SlotMetricSettings = Omit<TaskMetricSettings, 'taskManagerId'>;

/**
 * The inside of a slot's thread: builds the subtasks that are deployed, hands their tasks to the loop, and forgets them
 * when they have ended.
 *
 * Invariants:
 * T1. A subtask's attempt is deployed once, and never after it was canceled.
 * T2. Every attempt builds the job anew: nothing that a function keeps in itself survives a restart.
 */
export class SlotRuntime {
  readonly #environment: ActorEnvironment;
  readonly #options: SlotRuntimeOptions;
  readonly #subtasks = new Map<string, Subtask>();
  readonly #memory = new Map<string, SlotMemory>();
  /** Attempts deployed or canceled here, ever: a slot's thread serves one allocation, so this stays small. */
  readonly #known = new Set<string>();
  readonly #jobs = new Map<number, Promise<GeneratedJob<OperatorFactory>>>();
  readonly #restorePoints: RestorePoints;
  readonly #stopReporting: () => void;
  readonly #stopMeasuring: () => void;

  constructor(environment: ActorEnvironment, options: SlotRuntimeOptions) {
    this.#environment = environment;
    this.#options = options;
    this.#restorePoints = new RestorePoints(environment);
    this.#stopReporting = every(environment.clock, PROGRESS_INTERVAL_MS, () => {
      for (const subtask of this.#subtasks.values()) subtask.reportProgress();
    });
    this.#stopMeasuring = every(environment.clock, METRIC_COLLECT_INTERVAL_MS, () => {
      const now = environment.clock.monotonic();
      const groups = [...this.#subtasks.values()].flatMap((subtask) => subtask.collectMetrics(now));
      options.onMetrics(groups, sumOfMemory(this.#memory.values()));
    });
  }

  deploy(request: SubmitTasks): void {
    for (const task of request.tasks) {
      const key = keyOf(task);
      if (this.#known.has(key)) continue;
      this.#known.add(key);
      const subtask = new Subtask(this.#environment, {
        jobId: request.job.jobId,
        epoch: request.epoch,
        deployment: task,
        buildTask: (link) => this.#buildTask(request, task, link),
        loop: this.#options.loop,
        onEnded: () => {
          this.#subtasks.delete(key);
          this.#memory.delete(key);
        },
      });
      this.#subtasks.set(key, subtask);
      subtask.start();
    }
  }

  cancel(request: CancelTasks): void {
    for (const ref of request.tasks) {
      const key = keyOf(ref);
      const subtask = this.#subtasks.get(key);
      if (subtask !== undefined) {
        subtask.cancel();
      } else if (!this.#known.has(key)) {
        this.#known.add(key);
        this.#reportCanceled(request, ref);
      }
    }
  }

  /** Closes all tasks; resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stopReporting();
    this.#stopMeasuring();
    await this.#options.loop.stop();
  }

  async #buildTask(request: SubmitTasks, deployment: Deployment, link: SubtaskLink): Promise<Task> {
    const job = await this.#loadJob(request, deployment.attempt);
    const { vertex, plan } = findVertex(job, deployment);
    const descriptor = describeTask(request, deployment, vertex.name, this.#options);
    const { clock, logger } = this.#environment;
    const { loop, channels, resources } = this.#options;
    const exchange = jobExchange(resources, request.job);
    const fence = {
      jobId: request.job.jobId,
      epoch: request.epoch,
      attempt: deployment.attempt,
      exchange,
      windowFrames: windowFrames(exchange, remoteInputs(request, this.#options.processId)),
    };
    const wake = (): void => loop.wake();
    const configuration = effectiveConfiguration(resources, request.job);
    const rocksDb = rocksDbSettings(configuration, deployment.subtaskIndex);
    const openStates =
      configuration.get(OPTIONS.stateBackend) === 'forst' ? openDisaggregatedStates : openRocksDbStates;
    const restoreFrom = await this.#restorePoints.at(request.restore, request.job.checkpointsUri);
    const inputBytes = descriptor.inputs.map((channel) => channels.inputBytes(channel, fence));
    this.#memory.set(keyOf(deployment), {
      managed: rocksDb === undefined ? 0 : rocksDbMemoryBytes(rocksDb),
      network: inputBytes.reduce((sum, bytes) => sum + bytes, 0),
    });
    return createTask(descriptor, plan, {
      clock,
      logger: logger.child({
        jobId: fence.jobId,
        task: vertex.name.slice(0, 100),
        subtask: deployment.subtaskIndex,
      }),
      wake,
      openInput: (channel, records) => channels.openInput(channel, fence, wake, records),
      openOutput: (channel, records) => channels.openOutput(channel, fence, wake, records),
      requestSplit: () => link.requestSplit(),
      reportWatermark: (watermark, intervalMs) => link.reportWatermark(watermark, intervalMs),
      sendResults: (collectId, rows, resumeAt) => link.sendResults(collectId, rows, resumeAt),
      spillFiles: this.#options.spillFiles,
      settings: taskSettings(configuration),
      metrics: { ...this.#options.metrics, taskManagerId: this.#options.taskManagerId },
      ...(rocksDb === undefined
        ? {}
        : { openKeyedStates: () => openStates(rocksDb, this.#options.localState) }),
      checkpointing: taskCheckpointing(this.#environment, request, configuration, link, restoreFrom, job),
    });
  }

  #loadJob(request: SubmitTasks, attempt: number): Promise<GeneratedJob<OperatorFactory>> {
    const loading = this.#jobs.get(attempt);
    if (loading !== undefined) return loading;
    const { moduleSha256, configuration, graphHash, jobName } = request.job;
    const job = this.#options.loader.load(moduleSha256, configuration).then((generated) => {
      if (generated.jobGraph.graphHash === graphHash) return generated;
      throw new InternalError(
        `job "${jobName.slice(0, 200)}" builds another graph here than in the JobManager: its build function must not ` +
          'read clocks, random numbers, files or environment variables',
      );
    });
    this.#jobs.clear();
    this.#jobs.set(attempt, job);
    return job;
  }

  #reportCanceled(request: CancelTasks, ref: CancelTasks['tasks'][number]): void {
    const message = {
      type: 'taskStateChanged' as const,
      epoch: request.epoch,
      ...ref,
      state: 'CANCELED' as const,
    };
    const subject = this.#environment.subjects.jobManager(request.jobId);
    ask(this.#environment, subject, message, jobManagerReply, PERSISTENT).catch((error: unknown) =>
      this.#environment.logger.warn('job-manager not told of a canceled task', { ...ref, error }),
    );
  }
}

function keyOf(task: {
  readonly vertexId: string;
  readonly subtaskIndex: number;
  readonly attempt: number;
}): string {
  return `${task.vertexId}/${task.subtaskIndex}/${task.attempt}`;
}

/** Network channels into the slot; they share one bound, far under the server's pending limit. */
function remoteInputs(request: SubmitTasks, processId: string): number {
  const peers = request.tasks.flatMap((task) => task.inputs).flatMap((gate) => gate.peers);
  return peers.filter(([, location]) => request.locations[location]?.[1] !== processId).length;
}

function findVertex(
  job: GeneratedJob<OperatorFactory>,
  deployment: Deployment,
): { readonly vertex: JobVertex; readonly plan: ChainPlan<OperatorFactory> } {
  const vertex = job.jobGraph.vertices.find((candidate) => candidate.id === deployment.vertexId);
  const plan = job.plans.get(deployment.vertexId);
  if (vertex === undefined || plan === undefined)
    throw new InternalError(`vertex ${deployment.vertexId} is not in the graph`);
  return { vertex, plan };
}
