import type { Epoch } from '../../src/base/ids.ts';
import { ExternalError } from '../../src/base/errors.ts';
import { alertHooks, alertSettings } from '../../src/config/alert-settings.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { OPTIONS } from '../../src/config/options.ts';
import {
  checkpointSettings,
  rescaleSettings,
  restartPolicy,
  slotPlacement,
} from '../../src/config/settings.ts';
import type { Webhook } from '../../src/ports/webhook.ts';
import type { ArtifactStore, MetadataStore } from '../../src/ports/stores.ts';
import { DirectoryOwners } from '../dispatcher/directory-owners.ts';
import { startDispatcher } from '../dispatcher/dispatcher.effects.ts';
import type { DispatcherHandle } from '../dispatcher/dispatcher.effects.ts';
import type { JobSettings } from '../dispatcher/job-settings.ts';
import type { HeartbeatSettings } from '../job-manager/heartbeats.ts';
import { AlertMonitor } from '../metrics/alert-monitor.ts';
import { ClusterMetrics } from '../metrics/cluster-metrics.ts';
import { announce } from '../messaging/announce.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import type { JobLoader } from '../messaging/job-loader.ts';
import { claimEpoch } from '../leader-election/epochs.ts';
import { startResourceManager } from '../resource-manager/resource-manager.effects.ts';
import type { ResourceManagerHandle } from '../resource-manager/resource-manager.effects.ts';
import type { Processes } from './adapters/this-process.ts';

export interface JobManagerNodeOptions {
  readonly configuration: Configuration;
  readonly metadata: MetadataStore;
  readonly artifacts: ArtifactStore;
  readonly loader: JobLoader;
  /** Posts alerts; missing where nothing outside is to be reached. */
  readonly webhook?: Webhook;
  /** Where checkpoints go when no directory is configured. */
  readonly defaultCheckpoints: string | undefined;
  readonly processes: Processes;
  /** Where the REST API is, once it listens. */
  readonly restUrl?: () => string | undefined;
}

/** Dispatcher, resource-manager and job-managers of one process. */
export interface JobManagerNode {
  readonly epoch: Epoch;
  readonly dispatcher: DispatcherHandle;
  readonly resourceManager: ResourceManagerHandle;
  readonly metrics: ClusterMetrics;
  /** Missing where `millrace.alerts.enabled` is false. */
  readonly alerts: AlertMonitor | undefined;
  /**
   * Ends the roles at once; resolves when nothing is left behind.
   * @param leaving false: another JobManager leads already, and has what this one held; default true
   */
  stop(leaving?: boolean): Promise<void>;
}

/** Starts the roles of a JobManager node under a new epoch. */
export async function startJobManagerNode(
  environment: ActorEnvironment,
  options: JobManagerNodeOptions,
): Promise<JobManagerNode> {
  const { configuration, metadata, artifacts, loader, defaultCheckpoints } = options;
  const restUrl = options.restUrl ?? (() => undefined);
  const epoch = await claimEpoch(metadata);
  const heartbeat = {
    intervalMs: configuration.get(OPTIONS.heartbeatInterval),
    timeoutMs: configuration.get(OPTIONS.heartbeatTimeout),
    rpcFailureThreshold: configuration.get(OPTIONS.heartbeatRpcFailureThreshold),
  };
  const resourceManager = startResourceManager(environment, {
    epoch,
    placement: slotPlacement(configuration),
    heartbeatIntervalMs: heartbeat.intervalMs,
    heartbeatTimeoutMs: heartbeat.timeoutMs,
  });
  const { host, processId } = options.processes;
  const directories = new DirectoryOwners({
    snapshots: environment.snapshots,
    clock: environment.clock,
    logger: environment.logger,
    user: {
      clusterId: environment.clusterId,
      identity: await clusterIdentity(environment, metadata),
      host,
      processId,
    },
    isAlive: (id) => options.processes.isAlive(id),
  });
  const dispatcher = startDispatcher(environment, {
    epoch,
    directories,
    metadata,
    artifacts,
    loader,
    restUrl,
    endedJobsKept: configuration.get(OPTIONS.endedJobsKept),
    resources: () => resourceManager.actor.getSnapshot().context,
    jobSettings: (job) =>
      jobSettings(configuration.with(Configuration.of(Object.entries(job))), heartbeat, defaultCheckpoints),
  });
  const metrics = new ClusterMetrics(environment, {
    epoch,
    reportIntervalMs: configuration.get(OPTIONS.metricFetchInterval),
    slots: () => resourceManager.actor.getSnapshot().context.slots,
    jobManagers: () => dispatcher.jobManagers(),
    jobManager: (jobId) => dispatcher.jobManager(jobId),
  });
  const alerts = startAlerts(environment, configuration, metrics, dispatcher, options.webhook);
  announce(environment, { type: 'leaderChanged', at: environment.clock.now(), epoch });
  environment.logger.info('JobManager leads', { epoch });
  return {
    epoch,
    dispatcher,
    resourceManager,
    metrics,
    alerts,
    stop: (leaving = true) => {
      alerts?.close();
      metrics.close();
      dispatcher.stop();
      resourceManager.stop();
      return leaving ? directories.release() : directories.abandon();
    },
  };
}

/** @param effective the cluster's configuration with the job's over it */
function jobSettings(
  effective: Configuration,
  heartbeat: HeartbeatSettings,
  defaultCheckpoints: string | undefined,
): JobSettings {
  return {
    heartbeat,
    policy: restartPolicy(effective),
    slotRequestTimeoutMs: effective.get(OPTIONS.slotRequestTimeout),
    cancellationTimeoutMs: effective.get(OPTIONS.cancellationTimeout),
    checkpoints: checkpointSettings(effective),
    checkpointPlaces: {
      directory: effective.get(OPTIONS.checkpointDirectory) ?? defaultCheckpoints,
      savepointDirectory: effective.get(OPTIONS.savepointDirectory),
      restorePath: effective.get(OPTIONS.restorePath),
      ignoreUnclaimedState: effective.get(OPTIONS.ignoreUnclaimedState),
      claimMode: effective.get(OPTIONS.claimMode),
      orphanSweepMs: effective.get(OPTIONS.orphanSweepInterval),
    },
    retention: effective.get(OPTIONS.checkpointRetention),
    statusMetrics: effective.get(OPTIONS.jobStatusMetrics),
    failuresKept: effective.get(OPTIONS.exceptionHistorySize),
    checkpointsShown: effective.get(OPTIONS.checkpointHistory),
    rescale: rescaleSettings(effective),
  };
}

function startAlerts(
  environment: ActorEnvironment,
  configuration: Configuration,
  metrics: ClusterMetrics,
  dispatcher: DispatcherHandle,
  webhook: Webhook | undefined,
): AlertMonitor | undefined {
  if (!configuration.get(OPTIONS.alertsEnabled)) return undefined;
  return new AlertMonitor(environment, {
    settings: alertSettings(configuration),
    intervalMs: configuration.get(OPTIONS.alertInterval),
    hooks: alertHooks(configuration),
    webhook,
    metrics,
    jobManagers: () => dispatcher.jobManagers(),
    jobManager: (jobId) => dispatcher.jobManager(jobId),
  });
}

const IDENTITY_KEY = 'cluster-identity';

/** The same for all leaders of a cluster: that of its metadata. */
async function clusterIdentity({ random }: ActorEnvironment, metadata: MetadataStore): Promise<string> {
  await metadata.create(IDENTITY_KEY, new TextEncoder().encode(random.hex(16)));
  const present = await metadata.get(IDENTITY_KEY);
  if (present === undefined) throw new ExternalError(`the metadata store lost "${IDENTITY_KEY}"`);
  return new TextDecoder().decode(present.value);
}
