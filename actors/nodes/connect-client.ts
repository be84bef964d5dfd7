import type { Logger } from '../../src/ports/logger.ts';
import type { ArtifactStore } from '../../src/ports/stores.ts';
import { ClusterClient, DEFAULT_CLIENT_SETTINGS } from '../client/cluster-client.ts';
import type { ClientSettings } from '../client/cluster-client.ts';
import { SilentLogger } from './adapters/silent-logger.ts';
import { connectEnvironment, openArtifacts } from './nats-environment.ts';
import type { ClusterAddress } from './nats-environment.ts';

/** A client's connection to a cluster on NATS. */
export interface ClientConnection {
  readonly client: ClusterClient;
  /** Where modules are put before they are submitted by their sha256. */
  artifacts(): Promise<ArtifactStore>;
  close(): Promise<void>;
}

/**
 * Connects a client to a cluster.
 * @throws ExternalError naming the URL and tries when no NATS server answers.
 */
export async function connectClient(
  address: ClusterAddress,
  options: { readonly logger?: Logger; readonly settings?: Partial<ClientSettings> } = {},
): Promise<ClientConnection> {
  const { logger = new SilentLogger(), settings = {} } = options;
  const connected = await connectEnvironment(address, { role: 'client', logger });
  return {
    client: new ClusterClient(connected.environment, { ...DEFAULT_CLIENT_SETTINGS, ...settings }),
    artifacts: () => openArtifacts(connected),
    close: () => connected.transport.close(),
  };
}
