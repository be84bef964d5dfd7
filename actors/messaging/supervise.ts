import type { AnyActorRef } from 'xstate';
import type { ActorEnvironment } from './environment.ts';

/**
 * Watches a root actor: one that throws has broken an invariant and stops, which xstate would raise out of a bare timer.
 * It is logged, and the node is told, which ends itself rather than live on with a part missing.
 */
export function supervise(environment: ActorEnvironment, actor: AnyActorRef, name: string): void {
  actor.subscribe({
    error: (error: unknown) => {
      environment.logger.error(`actor ${name} failed`, { actor: name, error });
      environment.onFatal(error, name);
    },
  });
}
