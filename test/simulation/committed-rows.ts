import { TwoPhaseCommitSink } from '../../src/functions/two-phase-commit-sink.ts';

interface Transaction {
  readonly name: string;
  readonly values: number[];
}

/** What a target outside of the cluster holds: rows of committed transactions, each once, whatever is repeated. */
export class CommittedRows extends TwoPhaseCommitSink<number, Transaction> {
  readonly committed = new Map<string, readonly number[]>();
  #begun = 0;

  beginTransaction(): Transaction {
    return { name: `t${this.#begun++}`, values: [] };
  }
  invoke({ values }: Transaction, value: number): void {
    values.push(value);
  }
  preCommit(): void {}
  commit({ name, values }: Transaction): void {
    this.committed.set(name, values);
  }
  abort(): void {}

  rows(): readonly number[] {
    return [...this.committed.values()].flat().toSorted((a, b) => a - b);
  }
}
