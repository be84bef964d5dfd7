import type { ActorRefFrom, AnyActorRef } from 'xstate';
import type { VertexId } from '../../src/base/ids.ts';
import type { JobGraph } from '../../src/graph/job-graph.ts';
import type { checkpointCoordinatorMachine } from './checkpoint-coordinator/checkpoint-coordinator.machine.ts';
import { CHECKPOINTS, sourceActorId } from './job-manager.machine.ts';
import type { sourceCoordinatorMachine } from './source-coordinator/source-coordinator.machine.ts';

interface Parent {
  getSnapshot(): { readonly children: Readonly<Record<string, unknown>> };
}

/** The actors below a job-manager's; each undefined before it is spawned. */
export class Children {
  readonly #parent: () => Parent;

  constructor(parent: () => Parent) {
    this.#parent = parent;
  }

  get checkpoints(): ActorRefFrom<typeof checkpointCoordinatorMachine> | undefined {
    return this.#child(CHECKPOINTS) as ActorRefFrom<typeof checkpointCoordinatorMachine> | undefined;
  }

  source(vertexId: VertexId): ActorRefFrom<typeof sourceCoordinatorMachine> | undefined {
    return this.#child(sourceActorId(vertexId)) as ActorRefFrom<typeof sourceCoordinatorMachine> | undefined;
  }

  closeSources({ vertices }: JobGraph): void {
    for (const { id, isSource } of vertices) if (isSource) this.source(id)?.send({ type: 'close' });
  }

  #child(id: string): AnyActorRef | undefined {
    return this.#parent().getSnapshot().children[id] as AnyActorRef | undefined;
  }
}
