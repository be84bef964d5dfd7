import { UserError } from '../base/errors.ts';
import { NAME_CHARS_MAX } from '../base/limits.ts';
import type { TypeInformation } from '../functions/types/index.ts';
import type { PartitionerSpec } from './chain-plan.ts';

/** `always`: may join its input's chain; `head`: starts a chain; `never`: stands alone. */
export type ChainingStrategy = 'always' | 'head' | 'never';

/** One operator as the API call created it. `F` is the data plane's operator factory, opaque here. */
export interface StreamNode<F> {
  /** Order of creation, from 0. */
  readonly id: number;
  readonly kind: string;
  readonly factory: F;
  readonly isSource: boolean;
  name: string;
  uid: string | undefined;
  parallelism: number | undefined;
  maxParallelism: number | undefined;
  /** Fixed at 1, whatever the job says (windows over all records). */
  readonly nonParallel: boolean;
  /** Stays at the parallelism that it began with while the job runs: what it did is kept elsewhere, subtask by subtask. */
  readonly keepsParallelism: boolean;
  chaining: ChainingStrategy;
  slotSharingGroup: string | undefined;
  /** What its records are declared to be. */
  type: TypeInformation<unknown> | undefined;
  /** The type of its records where none is declared, from that of its input. */
  readonly deriveType:
    | ((input: TypeInformation<unknown>) => TypeInformation<unknown> | undefined)
    | undefined;
  /** What it reads of its records; anything, where undefined. */
  readonly fieldUse: FieldUse | undefined;
  /** Of a source: the group whose watermarks are aligned with its own. */
  readonly alignmentGroup: string | undefined;
}

/** The fields of records that an operator with one input can see. */
export interface FieldUse {
  /** Names of the fields that it reads, its key's among them. */
  readonly fields: readonly string[];
  /** Whether it emits its records, or changed copies of them: then what is read after it counts too. */
  readonly passesOn: boolean;
}

/** `auto` becomes forward between equal parallelisms and rebalance otherwise, as in Flink. */
export type EdgePartitioner = PartitionerSpec | { readonly kind: 'auto' };

export interface StreamEdge {
  readonly source: number;
  readonly target: number;
  readonly targetInput: number;
  readonly partitioner: EdgePartitioner;
  readonly sideOutput?: string;
  /** What the records of the side output are declared to be. */
  readonly type?: TypeInformation<unknown>;
}

export type NewNode<F> = Pick<StreamNode<F>, 'kind' | 'factory' | 'name'> &
  Partial<Pick<StreamNode<F>, 'isSource' | 'nonParallel' | 'chaining' | 'parallelism' | 'alignmentGroup'>> &
  OperatorTraits;

/** What is known of an operator beside its factory. */
export type OperatorTraits = Partial<
  Pick<StreamNode<unknown>, 'nonParallel' | 'keepsParallelism' | 'type' | 'deriveType' | 'fieldUse'>
>;

/** What the API builds: operators and the edges between them, in order of creation. */
export class StreamGraph<F> {
  readonly nodes: StreamNode<F>[] = [];
  readonly edges: StreamEdge[] = [];

  addNode(node: NewNode<F>): StreamNode<F> {
    const added: StreamNode<F> = {
      id: this.nodes.length,
      isSource: false,
      nonParallel: false,
      keepsParallelism: false,
      chaining: 'always',
      parallelism: undefined,
      uid: undefined,
      maxParallelism: undefined,
      slotSharingGroup: undefined,
      type: undefined,
      deriveType: undefined,
      fieldUse: undefined,
      alignmentGroup: undefined,
      ...node,
    };
    checkName(added.name, 'operator');
    this.nodes.push(added);
    return added;
  }

  addEdge(edge: StreamEdge): void {
    this.edges.push(edge);
  }

  inputsOf(nodeId: number): StreamEdge[] {
    return this.edges.filter((edge) => edge.target === nodeId);
  }

  outputsOf(nodeId: number): StreamEdge[] {
    return this.edges.filter((edge) => edge.source === nodeId);
  }
}

/** Names may hold anything a person writes, up to a length; they are shown, never used as subjects or paths. */
export function checkName(name: string, what: string): void {
  if (typeof name !== 'string' || name.length === 0)
    throw new UserError(`${what} name must be a text that is not empty`);
  if (name.length > NAME_CHARS_MAX) {
    throw new UserError(
      `${what} name has ${name.length} characters, ${NAME_CHARS_MAX} are allowed: "${name.slice(0, 40)}..."`,
    );
  }
}
