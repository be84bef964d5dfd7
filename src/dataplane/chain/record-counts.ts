import type { ChainLink, ChainNode } from '../../graph/chain-plan.ts';
import type { Emit, OperatorFactory } from './operator.ts';

/** Records on one output of an operator. */
export class EmitCount {
  records = 0;
  /** Records in that gave none out. */
  skipped = 0;
}

/** The output, counted. */
export function counted(emit: Emit, count: EmitCount): Emit {
  return (value, timestamp) => {
    count.records += 1;
    emit(value, timestamp);
  };
}

/** Records that an operator got and emitted. */
export interface RecordCounts {
  readonly recordsIn: () => number;
  readonly recordsOut: () => number;
}

/** Outputs of an operator as it is to use them. */
export interface CountedOutputs {
  readonly main: Emit;
  readonly sides: ReadonlyMap<string, Emit>;
  readonly emitted: EmitCount;
}

interface NodeOutputs {
  readonly main: EmitCount;
  readonly sides: ReadonlyMap<string, EmitCount>;
}

/**
 * Counts the records of the operators of a chain where it must: what an operator gets is what its parent emits, and many emit one
 * record for each that they get. The head's are those of its task.
 */
export class ChainCounts {
  readonly #nodes: readonly ChainNode<OperatorFactory>[];
  readonly #outputs: NodeOutputs[] = [];
  readonly #headIn: () => number;

  constructor(nodes: readonly ChainNode<OperatorFactory>[], headIn: () => number) {
    this.#nodes = nodes;
    this.#headIn = headIn;
  }

  /** The outputs of a node, counted where needed, and what its operator is given to count itself. */
  count(index: number, main: Emit, sides: ReadonlyMap<string, Emit>): CountedOutputs {
    const own = new EmitCount();
    const counts = new Map([...sides.keys()].map((tag) => [tag, new EmitCount()]));
    this.#outputs[index] = { main: own, sides: counts };
    const countsItself = this.#nodes[index]?.factory.emits !== undefined;
    return {
      main: countsItself ? main : counted(main, own),
      sides: new Map([...sides].map(([tag, emit]) => [tag, counted(emit, counts.get(tag) as EmitCount)])),
      emitted: countsItself ? own : new EmitCount(),
    };
  }

  of(index: number): RecordCounts {
    return { recordsIn: () => this.#recordsIn(index), recordsOut: () => this.#recordsOut(index) };
  }

  #recordsIn(index: number): number {
    const parent = this.#nodes.findIndex(({ outputs }) => outputs.some((link) => leadsTo(link, index)));
    if (parent < 0) return this.#headIn();
    let records = 0;
    for (const link of this.#nodes[parent]?.outputs ?? []) {
      if (leadsTo(link, index)) records += this.#through(parent, link);
    }
    return records;
  }

  #through(index: number, { sideOutput }: ChainLink): number {
    const outputs = this.#outputs[index];
    if (sideOutput !== undefined) return outputs?.sides.get(sideOutput)?.records ?? 0;
    return this.#mainOut(index);
  }

  #mainOut(index: number): number {
    const { records = 0, skipped = 0 } = this.#outputs[index]?.main ?? {};
    return this.#nodes[index]?.factory.emits === 'one-each' ? this.#recordsIn(index) - skipped : records;
  }

  #recordsOut(index: number): number {
    const outputs = this.#outputs[index];
    let records = this.#mainOut(index);
    for (const side of outputs?.sides.values() ?? []) records += side.records;
    return records;
  }
}

function leadsTo(link: ChainLink, index: number): boolean {
  return link.to === 'operator' && link.index === index;
}
