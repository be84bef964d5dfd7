import type { OperatorId, VertexId } from '../base/ids.ts';

/**
 * How records of one edge reach the subtasks downstream. `forward` needs equal parallelism; `rescale` connects each
 * producer to its own group of consumers; all others connect every producer with every consumer.
 */
export type PartitionKind =
  | 'forward'
  | 'hash'
  | 'rebalance'
  | 'rescale'
  | 'broadcast'
  | 'shuffle'
  | 'global'
  | 'custom';

/** The job as it travels in messages: plain data, no functions. Vertices are in topological order, sources first. */
export interface JobGraph {
  readonly name: string;
  /** sha256 over the structure; equal on every node that built the graph from the same module and configuration. */
  readonly graphHash: string;
  readonly vertices: readonly JobVertex[];
  readonly edges: readonly JobEdge[];
}

/** One chain of operators. */
export interface JobVertex {
  readonly id: VertexId;
  /** Names of the chained operators, as `Source: a -> Map -> Filter`. */
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly slotSharingGroup: string;
  readonly isSource: boolean;
  /** Its parallelism does not change while the job runs. */
  readonly fixedParallelism?: true;
  /** Sources of one group read no further ahead of each other than their watermark strategies allow. */
  readonly alignmentGroup?: string;
  readonly operators: readonly JobOperator[];
}

export interface JobOperator {
  readonly id: OperatorId;
  readonly name: string;
  /** The operator's type, such as `map` or `window`. */
  readonly kind: string;
  readonly uid?: string;
}

export interface JobEdge {
  /** `e<n>`, unique in the job. */
  readonly id: string;
  readonly source: VertexId;
  readonly target: VertexId;
  /** Input number of the target's head operator. */
  readonly targetInput: number;
  readonly partition: PartitionKind;
  /** Id of the OutputTag where this edge carries a side output. */
  readonly sideOutput?: string;
  /** Fingerprint of the records' declared type. */
  readonly type?: string;
  /** Names of the only fields of records that are sent; where missing, all are. */
  readonly fields?: readonly string[];
}
