import type { Configuration } from '../../src/config/configuration.ts';
import { OPTIONS } from '../../src/config/options.ts';
import type { LeaderElectionSettings, LeaderRecord } from '../../src/control/leader-lease.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { MetadataStore } from '../../src/ports/stores.ts';
import { readLeader, startLeaderElection } from '../leader-election/leader-election.effects.ts';
import type { LeadingRoles } from '../leader-election/leader-election.effects.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { thisProcess } from './adapters/this-process.ts';
import type { RestServer } from './rest/rest-server.ts';
import { startStandbyServer } from './rest/standby-server.ts';

export interface ContenderOptions {
  readonly configuration: Configuration;
  readonly metadata: MetadataStore;
  readonly settings: LeaderElectionSettings;
  readonly logger: Logger;
  lead(): Promise<LeadingRoles>;
}

/** Lets a JobManager stand by, with a REST port that sends everybody to the leader, until it leads itself; and again when it does no more. */
export async function contend(
  environment: ActorEnvironment,
  options: ContenderOptions,
): Promise<{ stop(): Promise<void> }> {
  const standby = new StandbyRest(environment, options);
  const election = startLeaderElection(environment, {
    metadata: options.metadata,
    settings: options.settings,
    host: thisProcess.host,
    processId: thisProcess.processId,
    lead: async () => {
      await standby.close();
      return options.lead();
    },
    standBy: (leader) => standby.open(leader),
  });
  return {
    stop: async () => {
      await election.stop();
      await standby.close();
    },
  };
}

/** The REST port has one owner at a time: opening and closing follow each other. */
class StandbyRest {
  readonly #environment: ActorEnvironment;
  readonly #options: ContenderOptions;
  #server: Promise<RestServer | undefined> | undefined;
  #contender: string | undefined;

  constructor(environment: ActorEnvironment, options: ContenderOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  open(leader: LeaderRecord | undefined): void {
    const { logger } = this.#options;
    if (leader !== undefined && leader.contender !== this.#contender) {
      this.#contender = leader.contender;
      const { host, processId } = leader;
      logger.info('JobManager stands by', { leader: { host, processId } });
    }
    this.#server ??= this.#start();
  }

  async close(): Promise<void> {
    const server = await this.#server;
    this.#server = undefined;
    this.#contender = undefined;
    await server?.stop();
  }

  async #start(): Promise<RestServer | undefined> {
    const { configuration, metadata, logger } = this.#options;
    if (!configuration.get(OPTIONS.restEnabled)) return undefined;
    try {
      const server = await startStandbyServer({
        configuration,
        logger,
        leader: async () => {
          const lease = await readLeader(metadata);
          return lease === undefined || lease.record.released ? undefined : lease.record.rest;
        },
      });
      logger.info('REST port sends to the leader', { url: server.url });
      return server;
    } catch (error) {
      this.#environment.onFatal(error, 'standby');
      return undefined;
    }
  }
}
