import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExternalError, InternalError } from '../../src/base/errors.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { leaderElectionSettings } from '../../src/config/settings.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { dispatcherReply } from '../../src/protocol/client-dispatcher.ts';
import { NoRespondersError } from '../../src/transport/errors.ts';
import { readLeader } from '../leader-election/leader-election.effects.ts';
import type { LeadingRoles } from '../leader-election/leader-election.effects.ts';
import { ask } from '../messaging/ask.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { reportJobManagerMemory } from './adapters/job-manager-heap.ts';
import { keepOwnOutput, keptOutput } from './adapters/kept-output.ts';
import { observe } from './adapters/observe.ts';
import type { OpenMetrics } from './adapters/open-metrics.ts';
import { ModuleJobLoader } from './adapters/load-module.ts';
import { ModuleCache } from './adapters/module-cache.ts';
import { hardwareOf, memoryFields, resourcesOf } from './adapters/process-memory.ts';
import { ProcessView } from './adapters/process-view.ts';
import type { WatchedThread } from './adapters/process-view.ts';
import { profileSettings } from './profiling/profile-archive.ts';
import { RingRegistry } from './adapters/ring-registry.ts';
import { workerSlotThreads } from './adapters/worker-slot-thread.ts';
import { contend } from './contending-job-manager.ts';
import { startLeadingJobManager } from './leading-job-manager.ts';
import { connectEnvironment, openArtifacts, openMetadata } from './nats-environment.ts';
import type { ClusterAddress, NatsEnvironment } from './nats-environment.ts';
import { bindingOf } from './rest/listen.ts';
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

/**
 * Starts a JobManager: dispatcher, resource-manager and job-managers, which recover the cluster's jobs; at once, or with
 * `high-availability.type` when it comes to lead.
 */
export async function startNatsJobManager(options: NatsNodeOptions): Promise<RunningNode> {
  const { configuration, logger } = options;
  // What the configuration alone can tell is told before anything is reached.
  if (configuration.get(OPTIONS.restEnabled)) bindingOf(configuration);
  const election = leaderElectionSettings(configuration);
  reportJobManagerMemory(configuration, logger);
  return startNode('jobmanager', options, async (connected, directory) => {
    const { environment } = connected;
    const [metadata, artifacts] = await Promise.all([openMetadata(connected), openArtifacts(connected)]);
    const modules = new ModuleCache(artifacts, directory);
    const view = new ProcessView({
      logFile: options.logFile,
      threads: () => [],
      profiles: profileSettings(configuration),
      directory: join(directory, 'profiles'),
    });
    const outputKept =
      options.logFile === undefined ? async () => {} : keepOwnOutput(options.logFile, logger);
    const lead = (): Promise<LeadingRoles> =>
      startLeadingJobManager(environment, {
        configuration,
        metadata,
        artifacts,
        loader: new ModuleJobLoader((sha256) => modules.path(sha256)),
        view,
        directory,
        shutDown: () => options.onShutDown?.(),
      });
    // With an election, a lease says who leads; where there is none, somebody may lead without.
    if (election === undefined || (await readLeader(metadata)) === undefined)
      await refuseSecondLeader(environment);
    if (election === undefined) {
      const roles = await lead();
      return async () => {
        await roles.stop(true);
        await outputKept();
      };
    }
    const contender = await contend(environment, {
      configuration,
      metadata,
      settings: election,
      logger,
      lead,
    });
    return async () => {
      await contender.stop();
      await outputKept();
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
    `cluster "${clusterId}" has a JobManager already: stop that one first, choose another --cluster, or let several of them stand by with ` +
      `${OPTIONS.highAvailability.key}: nats, set for each`,
    { retryable: false },
  );
}
