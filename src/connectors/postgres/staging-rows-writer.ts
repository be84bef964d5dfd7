import type { CheckpointedFunction } from '../../functions/checkpointed.ts';
import type { SinkWriter } from '../../functions/sink.ts';
import type { StagedRows } from './postgres-committer.ts';
import type { Row, RowStatement } from './statement.ts';

/** Keeps rows until a checkpoint takes them. */
export class StagingRowsWriter<T> implements SinkWriter<T, StagedRows>, CheckpointedFunction {
  readonly #statement: RowStatement;
  readonly #rowOf: (value: T) => Row;
  readonly #begin: () => Promise<void>;
  #rows: Row[] = [];

  /** @param begin called before the first record */
  constructor(statement: RowStatement, rowOf: (value: T) => Row, begin: () => Promise<void>) {
    this.#statement = statement;
    this.#rowOf = rowOf;
    this.#begin = begin;
  }

  initializeState(): Promise<void> {
    return this.#begin();
  }

  write(value: T): void {
    this.#rows.push(this.#rowOf(value));
  }

  flush(): void {}

  prepareCommit(): readonly StagedRows[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows.length === 0 ? [] : [{ statement: this.#statement, rows }];
  }

  /** Everything it holds is in the committables. */
  snapshotState(): void {}

  close(): void {}
}
