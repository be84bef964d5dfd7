import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskManagerId } from '../../../src/base/ids.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { OPTIONS } from '../../../src/config/options.ts';
import type { ArtifactStore } from '../../../src/ports/stores.ts';
import type { NodeView } from '../../../src/ports/node-view.ts';
import type { MetricQuery } from '../../../src/rest/metric-query.ts';
import type { AlertInfo } from '../../../src/protocol/alert.ts';
import { ROUTES } from '../../../src/rest/routes.ts';
import { ClusterClient } from '../../client/cluster-client.ts';
import { RemoteNodeView } from '../../client/remote-node-view.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import { packageVersion } from '../adapters/package-files.ts';
import { disposeSavepoint } from '../dispose-savepoint.ts';
import { ClusterGateway } from './cluster-gateway.ts';
import { startRestServer } from './rest-server.ts';
import type { RestServer } from './rest-server.ts';
import { UploadedJars } from './uploaded-jars.ts';

export interface ServeClusterOptions {
  readonly configuration: Configuration;
  readonly artifacts: ArtifactStore;
  /** This process. */
  readonly view: NodeView;
  readonly metrics: MetricQuery;
  /** Those whose condition holds. */
  readonly alerts: () => readonly AlertInfo[];
  /** For uploads; goes with the node. */
  readonly directory: string;
  /** Ends the node. */
  readonly shutDown: () => void;
}

/** Requests over REST are answered within a few seconds, or not at all. */
const CLIENT = { timeoutMs: 5_000, pollIntervalMs: 100 };

/** Serves the REST API of the cluster that this node leads; undefined where `rest.enabled` is false. */
export async function serveCluster(
  environment: ActorEnvironment,
  options: ServeClusterOptions,
): Promise<RestServer | undefined> {
  const { configuration, artifacts, view, metrics, alerts, directory, shutDown } = options;
  if (!configuration.get(OPTIONS.restEnabled)) return undefined;
  const client = new ClusterClient(environment, CLIENT);
  const uploads = await mkdtemp(join(directory, 'uploads-'));
  const jars = await UploadedJars.open({
    directory: await jarDirectory(configuration, directory),
    configuration,
    client,
    artifacts,
    random: environment.random,
  });
  const gateway = new ClusterGateway(environment, {
    version: packageVersion(),
    configuration,
    client,
    jobManager: view,
    taskManager: (id: TaskManagerId) => new RemoteNodeView(environment, environment.subjects.node(id)),
    jars,
    artifacts,
    metrics,
    alerts,
    disposeSavepoint: async (path) => void (await disposeSavepoint(environment.snapshots, path)),
    shutDown,
  });
  const { logger } = environment;
  const server = await startRestServer({ routes: ROUTES, gateway, logger, uploadDirectory: uploads });
  logger.info('REST API listens', { url: server.url });
  return server;
}

async function jarDirectory(configuration: Configuration, own: string): Promise<string> {
  const directory = configuration.get(OPTIONS.webUploadDirectory) ?? own;
  const jars = join(directory, 'millrace-jars');
  await mkdir(jars, { recursive: true });
  return jars;
}
