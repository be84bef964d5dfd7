import type { TaskManagerId } from '../../src/base/ids.ts';
import type { NodeView } from '../../src/ports/node-view.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { ArtifactStore } from '../../src/ports/stores.ts';
import { natsServerInfo } from '../../src/transport/nats/server-info.ts';
import type { NatsServerInfo } from '../../src/transport/nats/server-info.ts';
import { ClusterClient, DEFAULT_CLIENT_SETTINGS } from '../client/cluster-client.ts';
import type { ClientSettings } from '../client/cluster-client.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { openTracing } from './adapters/open-tracing.ts';
import { SilentLogger } from './adapters/silent-logger.ts';
import { RemoteNodeView } from '../client/remote-node-view.ts';
import { connectEnvironment, openArtifacts } from './nats-environment.ts';
import type { ClusterAddress } from './nats-environment.ts';

/** A client's connection to a cluster on NATS. */
export interface ClientConnection {
  readonly client: ClusterClient;
  /** Where modules are put before they are submitted by their sha256. */
  artifacts(): Promise<ArtifactStore>;
  /** The NATS server that it is connected to. */
  server(): Promise<NatsServerInfo>;
  /** A process of the cluster, looked at from outside: a TaskManager's, or the leading JobManager's. */
  node(taskManagerId?: TaskManagerId): NodeView;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly logger?: Logger;
  readonly settings?: Partial<ClientSettings>;
  /** Of it `traces.*` counts: the submission of a job is then traced from here on. */
  readonly configuration?: Configuration;
}

/**
 * Connects a client to a cluster.
 * @throws ExternalError naming the URL and tries when no NATS server answers.
 */
export async function connectClient(
  address: ClusterAddress,
  options: ClientOptions = {},
): Promise<ClientConnection> {
  const { logger = new SilentLogger(), settings = {}, configuration = Configuration.EMPTY } = options;
  const { clusterId } = address;
  const traces = await openTracing(configuration, { role: 'client', clusterId }, logger);
  const { tracing } = traces;
  const connected = await connectEnvironment(address, { role: 'client', logger, tracing });
  return {
    client: new ClusterClient(connected.environment, { ...DEFAULT_CLIENT_SETTINGS, ...settings }),
    artifacts: () => openArtifacts(connected),
    server: () => natsServerInfo(connected.transport),
    node: (taskManagerId) => {
      const { environment } = connected;
      return new RemoteNodeView(environment, environment.subjects.node(taskManagerId));
    },
    close: async () => {
      await connected.transport.close();
      await traces.close();
    },
  };
}
