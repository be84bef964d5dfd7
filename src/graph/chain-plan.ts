import type { OperatorId, VertexId } from '../base/ids.ts';
import type { Key, KeySelector, Partitioner } from '../functions/basic.ts';
import type { TypeInformation } from '../functions/types/index.ts';
import type { PartitionKind } from './job-graph.ts';

/**
 * What a subtask runs: the operators of one vertex with their functions. Rebuilt on every node from the job's module,
 * never sent. `F` is the data plane's operator factory, opaque here.
 */
export interface ChainPlan<F> {
  readonly vertexId: VertexId;
  /** `nodes[0]` is the head; links always point forward. */
  readonly nodes: readonly ChainNode<F>[];
  /** What is known of the records of the edges into the head, by the edge's id. */
  readonly inputs: ReadonlyMap<string, EdgeRecords>;
}

/** What is known of the records of an edge before any is seen; the same at both ends. */
export interface EdgeRecords {
  /** Name of the operator that emits them. */
  readonly operator: string;
  /** As the job declared it. */
  readonly type?: TypeInformation<unknown>;
  /** Names of the only fields that are needed downstream; where missing, all are. */
  readonly fields?: readonly string[];
  /** `pipeline.generic-types`: whether records that are not of their type are sent all the same. */
  readonly genericTypes: boolean;
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
      readonly records: EdgeRecords;
      readonly sideOutput?: string;
    };

/** A partitioner with its functions. `hash` and `custom` have a key selector, `custom` also the user's function. */
export type PartitionerSpec =
  | { readonly kind: Exclude<PartitionKind, 'hash' | 'custom'> }
  | {
      readonly kind: 'hash';
      readonly keySelector: KeySelector<unknown>;
      /** Names of the fields that make the key; missing where a function makes it. */
      readonly keyFields?: readonly string[];
    }
  | {
      readonly kind: 'custom';
      readonly keySelector: KeySelector<unknown>;
      readonly partitioner: Partitioner<Key>;
    };
