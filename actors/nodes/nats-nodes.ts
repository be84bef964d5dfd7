import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExternalError, InternalError } from '../../src/base/errors.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { OPTIONS } from '../../src/config/options.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { dispatcherReply } from '../../src/protocol/client-dispatcher.ts';
import { NoRespondersError } from '../../src/transport/errors.ts';
import { ask } from '../messaging/ask.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { FetchWebhook } from './adapters/fetch-webhook.ts';
import { reportJobManagerMemory } from './adapters/job-manager-heap.ts';
import { keepOwnOutput, keptOutput } from './adapters/kept-output.ts';
import { observe } from './adapters/observe.ts';
import { thisProcess } from './adapters/this-process.ts';
import type { OpenMetrics } from './adapters/open-metrics.ts';
import { ModuleJobLoader } from './adapters/load-module.ts';
import { ModuleCache } from './adapters/module-cache.ts';
import { hardwareOf, memoryFields, resourcesOf } from './adapters/process-memory.ts';
import { ProcessView } from './adapters/process-view.ts';
import type { WatchedThread } from './adapters/process-view.ts';
import { profileSettings } from './profiling/profile-archive.ts';
import { RingRegistry } from './adapters/ring-registry.ts';
import { workerSlotThreads } from './adapters/worker-slot-thread.ts';
import { startJobManagerNode } from './job-manager-node.ts';
import { connectEnvironment, openArtifacts, openMetadata } from './nats-environment.ts';
import type { ClusterAddress, NatsEnvironment } from './nats-environment.ts';
import { StoredMetrics } from '../metrics/metric-query.ts';
import { serveCluster } from './rest/serve-cluster.ts';
import { bindingOf } from './rest/listen.ts';
import type { RestServer } from './rest/rest-server.ts';
import { serveNodeView } from '../messaging/serve-node-view.ts';
import { startTaskManagerNode } from './task-manager-node.ts';

export interface NatsNodeOptions extends ClusterAddress {
  readonly configuration: Configuration;
  readonly logger: Logger;
  /** Where the node writes its log, to be shown over REST. */
  readonly logFile?: string;
  /** Somebody asks the node to end, over REST. */
  readonly onShutDown?: () => void;
}

/** A node of a cluster on NATS in this process. */
export interface RunningNode {
  /** Settles, with the reason, when the node cannot go on: its process should stop it and end. */
  readonly failed: Promise<Error>;
  /** Ends the roles cleanly, then the connection. */
  stop(): Promise<void>;
}

/** Starts dispatcher, resource-manager and job-managers, which recover the cluster's jobs. */
export async function startNatsJobManager(options: NatsNodeOptions): Promise<RunningNode> {
  // What the configuration alone can tell is told before anything is reached.
  if (options.configuration.get(OPTIONS.restEnabled)) bindingOf(options.configuration);
  const { logFile, logger } = options;
  reportJobManagerMemory(options.configuration, logger);
  return startNode('jobmanager', options, async (connected, directory) => {
    const { environment } = connected;
    await refuseSecondLeader(environment);
    const [metadata, artifacts] = await Promise.all([openMetadata(connected), openArtifacts(connected)]);
    const modules = new ModuleCache(artifacts, directory);
    const outputKept = logFile === undefined ? undefined : keepOwnOutput(logFile, logger);
    const served: { rest?: RestServer | undefined } = {};
    const node = await startJobManagerNode(environment, {
      restUrl: () => served.rest?.url,
      configuration: options.configuration,
      metadata,
      artifacts,
      loader: new ModuleJobLoader((sha256) => modules.path(sha256)),
      processes: thisProcess,
      webhook: new FetchWebhook(options.configuration.get(OPTIONS.alertWebhookTimeout)),
      defaultCheckpoints: `nats-objects:millrace-${environment.clusterId}-checkpoints`,
    });
    const view = new ProcessView({
      logFile: options.logFile,
      threads: () => [],
      profiles: profileSettings(options.configuration),
      directory: join(directory, 'profiles'),
    });
    const viewed = serveNodeView(environment, environment.subjects.node(), view);
    served.rest = await serveCluster(environment, {
      configuration: options.configuration,
      artifacts,
      view,
      metrics: new StoredMetrics(node.metrics, environment.clock),
      alerts: () => node.alerts?.alerts() ?? [],
      directory,
      shutDown: () => options.onShutDown?.(),
    }).catch((error: unknown) => {
      void outputKept?.();
      void node.stop();
      throw error;
    });
    return async () => {
      await served.rest?.stop();
      viewed.close();
      await node.stop();
      await outputKept?.();
    };
  });
}

/** Starts a TaskManager; its slot threads open data connections of their own. */
export async function startNatsTaskManager(options: NatsNodeOptions): Promise<RunningNode> {
  const resources = resourcesOf(options.configuration);
  return startNode('taskmanager', options, async (connected, directory, metrics) => {
    const { environment } = connected;
    const modules = new ModuleCache(await openArtifacts(connected), directory);
    options.logger.info('memory, in MB', memoryFields(resources));
    const rings = new RingRegistry(resources);
    const watched = new Set<WatchedThread>();
    const threads = {
      environment,
      modules,
      rings,
      resources,
      data: options.nats,
      processMeter: metrics.meter,
      watched,
      ...(options.logFile === undefined ? {} : { output: keptOutput(options.logFile, options.logger) }),
    };
    const node = startTaskManagerNode(environment, {
      configuration: options.configuration,
      processId: `p-${environment.random.hex(8)}`,
      startThread: workerSlotThreads(threads),
      hardware: hardwareOf(resources),
      view: new ProcessView({
        logFile: options.logFile,
        threads: () => [...watched],
        profiles: profileSettings(options.configuration),
        directory: join(directory, 'profiles'),
      }),
    });
    return () => node.stop();
  });
}

/** @param launch starts the roles and gives back how to stop them */
async function startNode(
  role: string,
  options: NatsNodeOptions,
  launch: (
    connected: NatsEnvironment,
    directory: string,
    metrics: OpenMetrics,
  ) => Promise<() => Promise<void>>,
): Promise<RunningNode> {
  const { promise: failed, resolve: fail } = Promise.withResolvers<Error>();
  const { logger } = options;
  const onFatal = (error: unknown, actor: string): void =>
    fail(new InternalError(`the ${actor} has stopped`, { cause: error }));
  const { configuration, clusterId } = options;
  const observed = await observe(configuration, { role, clusterId }, logger);
  const connected = await connectEnvironment(options, {
    role,
    metrics: observed.metrics.registry,
    tracing: observed.traces.tracing,
    logger,
    configuration,
    onFatal,
  }).catch(async (error: unknown) => {
    await observed.close();
    throw error;
  });
  const directory = await mkdtemp(join(tmpdir(), `millrace-${role}-`));
  const disconnect = async (): Promise<void> => {
    await connected.transport.close();
    await observed.close();
    await rm(directory, { recursive: true, force: true });
  };
  let stopping = false;
  void connected.transport.closed.then((reason) => {
    if (!stopping) fail(reason ?? new ExternalError('the connection to NATS is closed'));
  });
  try {
    const stopRoles = await launch(connected, directory, observed.metrics);
    return {
      failed,
      stop: async () => {
        stopping = true;
        await stopRoles();
        await disconnect();
      },
    };
  } catch (error) {
    stopping = true;
    await disconnect();
    throw error;
  }
}

/** Two leaders would both answer on the cluster's subjects. Epochs fence off what a former one still sends. */
async function refuseSecondLeader(environment: ActorEnvironment): Promise<void> {
  const { subjects, clusterId } = environment;
  const policy = { timeoutMs: 2_000, attempts: 1, pauseMs: 0, maxPauseMs: 0 };
  const free = await ask(
    environment,
    subjects.dispatcher(),
    { type: 'requestClusterOverview' },
    dispatcherReply,
    policy,
  ).then(
    () => false,
    (error: unknown) => error instanceof NoRespondersError,
  );
  if (free) return;
  throw new ExternalError(
    `cluster "${clusterId}" has a JobManager already: stop that one first, or choose another --cluster`,
    { retryable: false },
  );
}
