import type { ClusterId } from '../../src/base/ids.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { Random } from '../../src/ports/random.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { Subjects } from '../../src/protocol/subjects.ts';

/** The world of the actors of one node. Adapters are chosen where a node is launched; actors see only ports. */
export interface ActorEnvironment {
  readonly clusterId: ClusterId;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly subjects: Subjects;
  readonly refusals: RefusalCounters;
  /** An actor broke an invariant and stopped: the node must not go on without it. */
  readonly onFatal: (error: unknown, actor: string) => void;
}

/** Messages that did not reach an actor. */
export interface RefusalCounters {
  /** Not of the protocol. */
  malformed: number;
  /** Of a former leader or an old attempt. */
  stale: number;
}

export function createEnvironment(
  ports: Pick<ActorEnvironment, 'clusterId' | 'transport' | 'clock' | 'random' | 'logger'> &
    Partial<Pick<ActorEnvironment, 'onFatal'>>,
): ActorEnvironment {
  return {
    onFatal: () => {},
    ...ports,
    subjects: new Subjects(ports.clusterId),
    refusals: { malformed: 0, stale: 0 },
  };
}
