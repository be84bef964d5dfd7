import type { ClusterEvent } from '../../src/protocol/event.ts';
import type { ActorEnvironment } from './environment.ts';
import { tell } from './serve.ts';

/** Announces a state transition on the event subjects, in JSON: for people and tools. */
export function announce(environment: ActorEnvironment, event: ClusterEvent): void {
  tell(environment, environment.subjects.event(event), event, 'json');
}
