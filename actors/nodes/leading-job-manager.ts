import type { Configuration } from '../../src/config/configuration.ts';
import type { NodeView } from '../../src/ports/node-view.ts';
import type { ArtifactStore, MetadataStore } from '../../src/ports/stores.ts';
import { OPTIONS } from '../../src/config/options.ts';
import type { LeadingRoles } from '../leader-election/leader-election.effects.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import type { JobLoader } from '../messaging/job-loader.ts';
import { serveNodeView } from '../messaging/serve-node-view.ts';
import { StoredMetrics } from '../metrics/metric-query.ts';
import { FetchWebhook } from './adapters/fetch-webhook.ts';
import { thisProcess } from './adapters/this-process.ts';
import { startJobManagerNode } from './job-manager-node.ts';
import type { RestServer } from './rest/rest-server.ts';
import { serveCluster } from './rest/serve-cluster.ts';

export interface LeadingJobManagerOptions {
  readonly configuration: Configuration;
  readonly metadata: MetadataStore;
  readonly artifacts: ArtifactStore;
  readonly loader: JobLoader;
  /** This process. */
  readonly view: NodeView;
  /** For uploads; goes with the node. */
  readonly directory: string;
  /** Somebody asks the node to end, over REST. */
  readonly shutDown: () => void;
}

/** Starts all that a JobManager of a cluster on NATS runs while it leads: its roles, and its REST API. */
export async function startLeadingJobManager(
  environment: ActorEnvironment,
  options: LeadingJobManagerOptions,
): Promise<LeadingRoles> {
  const { configuration, metadata, artifacts, loader, view, directory, shutDown } = options;
  const served: { rest?: RestServer | undefined } = {};
  const node = await startJobManagerNode(environment, {
    restUrl: () => served.rest?.url,
    configuration,
    metadata,
    artifacts,
    loader,
    processes: thisProcess,
    webhook: new FetchWebhook(configuration.get(OPTIONS.alertWebhookTimeout)),
    defaultCheckpoints: `nats-objects:millrace-${environment.clusterId}-checkpoints`,
  });
  const viewed = serveNodeView(environment, environment.subjects.node(), view);
  served.rest = await serveCluster(environment, {
    configuration,
    artifacts,
    view,
    metrics: new StoredMetrics(node.metrics, environment.clock),
    alerts: () => node.alerts?.alerts() ?? [],
    directory,
    shutDown,
  }).catch((error: unknown) => {
    viewed.close();
    void node.stop();
    throw error;
  });
  return {
    rest: served.rest?.url,
    stop: async (leaving) => {
      await served.rest?.stop();
      viewed.close();
      await node.stop(leaving);
    },
  };
}
