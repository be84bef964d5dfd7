import { rootCause, serializeError } from '../../../src/base/errors.ts';
import type { JobId, TaskManagerId } from '../../../src/base/ids.ts';
import { REST_SHARED_LOOK_MS } from '../../../src/base/limits.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { AlertInfo } from '../../../src/protocol/alert.ts';
import type { ArtifactStore } from '../../../src/ports/stores.ts';
import type { NodeView } from '../../../src/ports/node-view.ts';
import type { CheckpointStatistics } from '../../../src/protocol/checkpoint-statistics.ts';
import type { ExecutionGraphInfo } from '../../../src/protocol/execution-graph-info.ts';
import type { Rescaling } from '../../../src/protocol/rescaling.ts';
import type { ResourceRequirements } from '../../../src/control/rescale.ts';
import type { JobSummary } from '../../../src/protocol/job-status.ts';
import type { TaskManagerInfo } from '../../../src/protocol/task-manager-info.ts';
import { jobNotFound } from '../../../src/rest/errors.ts';
import type {
  FlameGraphs,
  JarStore,
  Messages,
  Outcome,
  RestGateway,
  SnapshotOperations,
  SnapshotOrder,
  Submissions,
} from '../../../src/rest/gateway.ts';
import { RestError } from '../../../src/rest/errors.ts';
import type { MetricQuery } from '../../../src/rest/metric-query.ts';
import type { ClusterClient } from '../../client/cluster-client.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import { PassedMessages } from './passed-messages.ts';
import { SubmittedModules } from './submitted-modules.ts';
import { SampledFlameGraphs } from './sampled-flame-graphs.ts';

export interface ClusterGatewayOptions {
  readonly version: string;
  readonly configuration: Configuration;
  readonly client: ClusterClient;
  readonly jobManager: NodeView;
  taskManager(taskManagerId: TaskManagerId): NodeView;
  readonly jars: JarStore;
  /** Where modules are put before they are submitted. */
  readonly artifacts: ArtifactStore;
  readonly metrics: MetricQuery;
  readonly alerts: () => readonly AlertInfo[];
  /** Removes the files of a savepoint. */
  disposeSavepoint(path: string): Promise<void>;
  shutDown(): void;
}

/** The cluster for the REST API, by the messages of any client. */
export class ClusterGateway implements RestGateway {
  readonly version: string;
  readonly configuration: Configuration;
  readonly jobManager: NodeView;
  readonly jars: JarStore;
  readonly metrics: MetricQuery;
  readonly flameGraphs: FlameGraphs;
  readonly messages: Messages;
  readonly submissions: Submissions;
  readonly snapshots: SnapshotOperations;
  readonly #environment: ActorEnvironment;
  readonly #options: ClusterGatewayOptions;
  readonly #looks = new Map<string, Promise<unknown>>();

  constructor(environment: ActorEnvironment, options: ClusterGatewayOptions) {
    this.#environment = environment;
    this.#options = options;
    this.version = options.version;
    this.configuration = options.configuration;
    this.jobManager = options.jobManager;
    this.jars = options.jars;
    this.metrics = options.metrics;
    this.flameGraphs = new SampledFlameGraphs(environment, options);
    this.messages = new PassedMessages(environment, options.artifacts);
    this.submissions = new SubmittedModules(environment, options.jars);
    this.snapshots = new Snapshots(environment, options);
  }

  now(): number {
    return this.#environment.clock.now();
  }

  overview(): ReturnType<RestGateway['overview']> {
    return this.#shared('overview', () => this.#options.client.overview());
  }

  jobs(): Promise<readonly JobSummary[]> {
    return this.#shared('jobs', () => this.#options.client.list());
  }

  job(jobId: JobId): Promise<ExecutionGraphInfo> {
    return this.#shared(`job ${jobId}`, () => found(jobId, this.#options.client.executionGraph(jobId)));
  }

  checkpoints(jobId: JobId, checkpointId?: number): Promise<CheckpointStatistics> {
    const key = `checkpoints ${jobId} ${checkpointId ?? ''}`;
    return this.#shared(key, () =>
      found(jobId, this.#options.client.checkpointStatistics(jobId, checkpointId)),
    );
  }

  async cancel(jobId: JobId): Promise<void> {
    await found(jobId, this.#options.client.cancel(jobId));
    // Who cancels a job sees at once what became of it.
    this.#looks.clear();
  }

  rescaling(jobId: JobId): Promise<Rescaling> {
    return found(jobId, this.#options.client.rescaling(jobId));
  }

  updateResourceRequirements(jobId: JobId, requirements: ResourceRequirements): Promise<void> {
    return found(jobId, this.#options.client.updateResourceRequirements(jobId, requirements));
  }

  taskManagers(): Promise<readonly TaskManagerInfo[]> {
    return this.#shared('taskmanagers', () => this.#options.client.taskManagers());
  }

  alerts(): readonly AlertInfo[] {
    return this.#options.alerts();
  }

  taskManager(taskManagerId: TaskManagerId): NodeView {
    return this.#options.taskManager(taskManagerId);
  }

  shutDown(): void {
    this.#environment.clock.setTimeout(() => this.#options.shutDown(), SHUT_DOWN_AFTER_MS);
  }

  /** Many who ask at once get one answer, a moment old at most. */
  #shared<T>(key: string, look: () => Promise<T>): Promise<T> {
    const present = this.#looks.get(key) as Promise<T> | undefined;
    if (present !== undefined) return present;
    const taken = look();
    this.#looks.set(key, taken);
    this.#environment.clock.setTimeout(() => this.#looks.delete(key), REST_SHARED_LOOK_MS);
    return taken;
  }
}

/** The answer has to be out before the server ends. */
const SHUT_DOWN_AFTER_MS = 100;

async function found<T>(jobId: JobId, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if ((error as Error).name === 'NotFoundError') throw jobNotFound(jobId);
    throw error;
  }
}

/** Orders of snapshots are the job-managers' to remember, disposals this one's. */
class Snapshots implements SnapshotOperations {
  readonly #environment: ActorEnvironment;
  readonly #options: ClusterGatewayOptions;
  readonly #disposals = new Map<string, Outcome>();

  constructor(environment: ActorEnvironment, options: ClusterGatewayOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  newRequestId(): string {
    return this.#environment.random.hex(16);
  }

  trigger(jobId: JobId, requestId: string, { kind, ...more }: SnapshotOrder): Promise<void> {
    return found(jobId, this.#options.client.triggerSnapshot(jobId, requestId, kind, more));
  }

  async outcome(jobId: JobId, requestId: string): Promise<Outcome> {
    const { state, location, error } = await found(
      jobId,
      this.#options.client.snapshotStatus(jobId, requestId),
    );
    if (state === 'IN_PROGRESS') return undefined;
    if (state === 'COMPLETED') return { location: location ?? '' };
    const failure = error ?? serializeError(new Error('the snapshot failed without a reason'));
    if (rootCause(failure).name === 'NotFoundError') throw unknownTrigger(requestId);
    return { error: failure };
  }

  dispose(requestId: string, path: string): void {
    this.#disposals.set(requestId, undefined);
    const settle = (outcome: Outcome): void => {
      this.#disposals.set(requestId, outcome);
      const keptMs = this.#options.configuration.get(OPTIONS.restAsyncStore);
      this.#environment.clock.setTimeout(() => this.#disposals.delete(requestId), keptMs);
    };
    this.#options.disposeSavepoint(path).then(
      () => settle({ location: path }),
      (error: unknown) => settle({ error: serializeError(error) }),
    );
  }

  disposal(requestId: string): Outcome {
    if (!this.#disposals.has(requestId)) throw unknownTrigger(requestId);
    return this.#disposals.get(requestId);
  }
}

function unknownTrigger(requestId: string): RestError {
  return new RestError(404, `There is no operation with triggerId=${requestId}.`);
}
