import type { OperatorId, VertexId } from '../base/ids.ts';
import type { Key, KeySelector, Partitioner } from '../functions/basic.ts';
import type { PartitionKind } from './job-graph.ts';

/**
 * What a subtask runs: the operators of one vertex with their functions. Rebuilt on every node from the job's module,
 * never sent. `F` is the data plane's operator factory, opaque here.
 */
export interface ChainPlan<F> {
  readonly vertexId: VertexId;
  /** `nodes[0]` is the head; links always point forward. */
  readonly nodes: readonly ChainNode<F>[];
}

export interface ChainNode<F> {
  readonly operatorId: OperatorId;
  readonly name: string;
  readonly factory: F;
  readonly outputs: readonly ChainLink[];
}

/** Where an operator's records (or those of one side output) go: a chained operator or an exchange. */
export type ChainLink =
  | { readonly to: 'operator'; readonly index: number; readonly sideOutput?: string }
  | {
      readonly to: 'edge';
      readonly edgeId: string;
      readonly partitioner: PartitionerSpec;
      readonly sideOutput?: string;
    };

/** A partitioner with its functions. `hash` and `custom` have a key selector, `custom` also the user's function. */
export type PartitionerSpec =
  | { readonly kind: Exclude<PartitionKind, 'hash' | 'custom'> }
  | { readonly kind: 'hash'; readonly keySelector: KeySelector<unknown> }
  | {
      readonly kind: 'custom';
      readonly keySelector: KeySelector<unknown>;
      readonly partitioner: Partitioner<Key>;
    };
