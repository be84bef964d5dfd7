import type { ClusterId, TaskManagerId } from '../../src/base/ids.ts';
import type { NodeView } from '../../src/ports/node-view.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { natsServerInfo } from '../../src/transport/nats/server-info.ts';
import type { NatsServerInfo } from '../../src/transport/nats/server-info.ts';
import { ClusterClient, DEFAULT_CLIENT_SETTINGS } from '../client/cluster-client.ts';
import type { ClientSettings } from '../client/cluster-client.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { createEnvironment } from '../messaging/environment.ts';
import { RestTransport } from './adapters/rest-transport.ts';
import type { RestAddress } from './adapters/rest-transport.ts';
import { systemClock } from './adapters/system-clock.ts';
import { systemRandom } from './adapters/system-random.ts';
import { openTracing } from './adapters/open-tracing.ts';
import { SilentLogger } from './adapters/silent-logger.ts';
import { RemoteNodeView } from '../client/remote-node-view.ts';
import { DEFAULT_CLUSTER, connectEnvironment, openArtifacts } from './nats-environment.ts';
import type { ClusterAddress } from './nats-environment.ts';

/** A client's connection to a cluster. */
export interface ClientConnection {
  readonly client: ClusterClient;
  /** Puts a module where it is submitted by its sha256, which is returned. */
  putArtifact(content: Uint8Array): Promise<string>;
  /** The NATS server that it is connected to; undefined over REST. */
  server(): Promise<NatsServerInfo | undefined>;
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
  address: ClusterAddress | RestAddress,
  options: ClientOptions = {},
): Promise<ClientConnection> {
  return 'url' in address ? connectByRest(address, options) : connectByNats(address, options);
}

/** Requests are answered over REST; nothing is reached before the first one. */
async function connectByRest(
  address: RestAddress,
  { logger = new SilentLogger(), settings = {} }: ClientOptions,
): Promise<ClientConnection> {
  const transport = new RestTransport(address);
  const ports = { transport, clock: systemClock, random: systemRandom, logger };
  const environment = createEnvironment({ ...ports, clusterId: DEFAULT_CLUSTER as ClusterId });
  const merged = { ...DEFAULT_CLIENT_SETTINGS, ...settings };
  return {
    client: new ClusterClient(environment, merged),
    putArtifact: (content) => transport.putArtifact(content, merged.timeoutMs),
    server: () => Promise.resolve(undefined),
    node: (taskManagerId) => new RemoteNodeView(environment, environment.subjects.node(taskManagerId)),
    close: () => transport.close(),
  };
}

async function connectByNats(address: ClusterAddress, options: ClientOptions): Promise<ClientConnection> {
  const { logger = new SilentLogger(), settings = {}, configuration = Configuration.EMPTY } = options;
  const { clusterId } = address;
  const traces = await openTracing(configuration, { role: 'client', clusterId }, logger);
  const { tracing } = traces;
  const connected = await connectEnvironment(address, { role: 'client', logger, tracing });
  return {
    client: new ClusterClient(connected.environment, { ...DEFAULT_CLIENT_SETTINGS, ...settings }),
    putArtifact: async (content) => (await openArtifacts(connected)).put(content),
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
