import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ExternalError, InternalError } from '../../src/base/errors.ts';
import type { ClusterId, JobId } from '../../src/base/ids.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { OPTIONS } from '../../src/config/options.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { ArtifactStore } from '../../src/ports/stores.ts';
import { MemoryArtifactStore } from '../../src/storage/memory/artifact-store.ts';
import { MemoryMetadataStore } from '../../src/storage/memory/metadata-store.ts';
import { LocalHub } from '../../src/transport/local/hub.ts';
import { ClusterClient } from '../client/cluster-client.ts';
import { createEnvironment } from '../messaging/environment.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import type { TaskManagerHandle } from '../task-manager/task-manager.effects.ts';
import { FetchWebhook } from './adapters/fetch-webhook.ts';
import { observe } from './adapters/observe.ts';
import { thisProcess } from './adapters/this-process.ts';
import type { Observation } from './adapters/observe.ts';
import { ModuleJobLoader } from './adapters/load-module.ts';
import { ModuleCache } from './adapters/module-cache.ts';
import { NodeSnapshotStores } from './adapters/snapshot-stores.ts';
import { SilentLogger } from './adapters/silent-logger.ts';
import { systemClock } from './adapters/system-clock.ts';
import { systemRandom } from './adapters/system-random.ts';
import { HostedTaskManagers } from './hosted-task-managers.ts';
import { startJobManagerNode } from './job-manager-node.ts';
import type { JobManagerNode } from './job-manager-node.ts';
import { StoredMetrics } from '../metrics/metric-query.ts';
import { serveCluster } from './rest/serve-cluster.ts';
import type { RestServer } from './rest/rest-server.ts';

export interface MiniClusterOptions {
  /** Default 1. */
  readonly taskManagers?: number;
  /** Whether the REST API is served; default false. */
  readonly rest?: boolean;
  readonly configuration?: Configuration;
  readonly logger?: Logger;
  /** Where reporters of metrics write, and say where they serve; default: `logger`. */
  readonly metricsLogger?: Logger;
  /** Where jobs' standard output goes; default: this process's. */
  readonly output?: NodeJS.WritableStream;
}

/** What comes once the cluster is there. */
interface Served {
  rest?: RestServer | undefined;
}

/** A whole cluster in this process: the actors on the main thread, each slot a worker thread, no server. */
export class MiniCluster {
  readonly environment: ActorEnvironment;
  readonly client: ClusterClient;
  /** Settles, with the reason, when an actor has stopped on an error: the cluster must be stopped. */
  readonly failed: Promise<Error>;
  /** Where modules are put before they are submitted by their sha256. */
  readonly artifacts: ArtifactStore;
  readonly #observed: Observation;
  readonly #hub: LocalHub;
  readonly #jobManager: JobManagerNode;
  readonly #taskManagers: TaskManagerHandle[] = [];
  readonly #directory: string;
  readonly #served: Served;
  readonly #hosted: HostedTaskManagers;

  private constructor(parts: {
    environment: ActorEnvironment;
    observed: Observation;
    failed: Promise<Error>;
    hub: LocalHub;
    artifacts: ArtifactStore;
    jobManager: JobManagerNode;
    directory: string;
    served: Served;
    hosted: HostedTaskManagers;
  }) {
    this.environment = parts.environment;
    this.failed = parts.failed;
    this.artifacts = parts.artifacts;
    this.#observed = parts.observed;
    this.#hub = parts.hub;
    this.#jobManager = parts.jobManager;
    this.#directory = parts.directory;
    this.#served = parts.served;
    this.#hosted = parts.hosted;
    this.client = new ClusterClient(parts.environment);
  }

  static async start(options: MiniClusterOptions = {}): Promise<MiniCluster> {
    const {
      taskManagers = 1,
      configuration = Configuration.EMPTY,
      logger = new SilentLogger(),
      metricsLogger = logger,
      output,
    } = options;
    const [clock, random] = [systemClock, systemRandom];
    const hub = new LocalHub({ clock });
    const { promise: failed, resolve: fail } = Promise.withResolvers<Error>();
    const clusterId = `mini-${random.hex(4)}` as ClusterId;
    const own = { role: 'mini-cluster', clusterId };
    const observed = await observe(configuration, own, logger, metricsLogger);
    const environment = createEnvironment({
      clusterId,
      metrics: observed.metrics.registry,
      transport: hub.connect(),
      clock,
      random,
      logger,
      snapshots: new NodeSnapshotStores({ clock, random, logger, configuration }),
      tracing: observed.traces.tracing,
      onFatal: (error, actor) => fail(new InternalError(`the ${actor} has stopped`, { cause: error })),
    });
    const directory = await mkdtemp(join(tmpdir(), 'millrace-'));
    const artifacts = new MemoryArtifactStore();
    const modules = new ModuleCache(artifacts, directory);
    const served: Served = {};
    const jobManager = await startJobManagerNode(environment, {
      restUrl: () => served.rest?.url,
      configuration,
      artifacts,
      metadata: new MemoryMetadataStore(),
      loader: new ModuleJobLoader((sha256) => modules.path(sha256)),
      processes: thisProcess,
      webhook: new FetchWebhook(configuration.get(OPTIONS.alertWebhookTimeout)),
      defaultCheckpoints: pathToFileURL(join(directory, 'checkpoints')).href,
    });
    const hosted = new HostedTaskManagers(environment, {
      configuration,
      modules,
      count: taskManagers,
      processMeter: observed.metrics.meter,
      output,
      directory,
    });
    const cluster = new MiniCluster({
      served,
      environment,
      observed,
      failed,
      hub,
      artifacts,
      jobManager,
      directory,
      hosted,
    });
    const shutDown = (): void => fail(new ExternalError('the cluster was stopped over REST'));
    try {
      if (options.rest === true) await cluster.#serve(configuration, shutDown);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    for (let i = 0; i < taskManagers; i++) cluster.addTaskManager();
    return cluster;
  }

  async #serve(configuration: Configuration, shutDown: () => void): Promise<void> {
    const { metrics, alerts } = this.#jobManager;
    this.#served.rest = await serveCluster(this.environment, {
      configuration,
      artifacts: this.artifacts,
      view: this.#hosted.view,
      metrics: new StoredMetrics(metrics, this.environment.clock),
      alerts: () => alerts?.alerts() ?? [],
      directory: this.#directory,
      shutDown,
    });
  }

  /** URL of the REST API, where it is served. */
  get restUrl(): string | undefined {
    return this.#served.rest?.url;
  }

  /** Adds a TaskManager to the running cluster. */
  addTaskManager(): TaskManagerHandle {
    const taskManager = this.#hosted.start();
    this.#taskManagers.push(taskManager);
    return taskManager;
  }

  /** All rows of a `collect()` of a job that has ended. They can be read after `stop` too, if the job was fetched before. */
  resultsOf(jobId: JobId): ((collectId: string) => readonly unknown[]) | undefined {
    const results = this.#jobManager.dispatcher.jobManager(jobId)?.results;
    return results && ((collectId) => results.read(collectId, 0, Number.POSITIVE_INFINITY).rows);
  }

  /** Slots of one TaskManager. */
  static slots(configuration: Configuration): number {
    return configuration.get(OPTIONS.slotsPerTaskManager);
  }

  /** Ends everything; no thread is left. */
  async stop(): Promise<void> {
    await this.#served.rest?.stop();
    await Promise.all(this.#taskManagers.map((taskManager) => taskManager.stop()));
    await this.#jobManager.stop();
    await this.environment.transport.close();
    await this.#hub.close();
    await this.#observed.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
