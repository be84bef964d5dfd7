import { UserError } from '../../base/errors.ts';
import { DeliveryGuarantee, commitStem } from '../../functions/sink.ts';
import type {
  Committer,
  CommitterContext,
  Sink,
  SinkWriter,
  SinkWriterContext,
} from '../../functions/sink.ts';
import { connectTo } from './connection.ts';
import type { PostgresConnectionOptions } from './connection.ts';
import { PostgresCommitter, fenceOf } from './postgres-committer.ts';
import type { StagedRows } from './postgres-committer.ts';
import { RowsWriter } from './rows-writer.ts';
import { StagingRowsWriter } from './staging-rows-writer.ts';
import { insertStatement } from './statement.ts';
import type { OnConflict, Row, RowStatement } from './statement.ts';

export interface PostgresSinkOptions {
  readonly connection: PostgresConnectionOptions;
  /** Default `EXACTLY_ONCE`. */
  readonly deliveryGuarantee?: DeliveryGuarantee;
  /** Table that notes commits, perhaps with its schema; made where it is missing. Default `millrace_commits`. */
  readonly commitTable?: string;
}

interface PostgresTableBase extends PostgresSinkOptions {
  /** The table, perhaps with its schema: `orders`, `sales.orders`. */
  readonly table: string;
  /** For tables that are upserted into. Default: a key that is there fails the job. */
  readonly onConflict?: OnConflict;
}

export interface PostgresFieldsOptions<T> extends PostgresTableBase {
  /** Fields of the record that are columns of the same names. */
  readonly columns: readonly (keyof T & string)[];
}

export interface PostgresColumnsOptions<T> extends PostgresTableBase {
  /** What each column gets of a record. */
  readonly columns: Readonly<Record<string, (value: T) => unknown>>;
}

export interface PostgresStatementOptions<T> extends PostgresSinkOptions {
  /** One statement per record, with `$1`, `$2`, ... */
  readonly statement: string;
  readonly parameters: (value: T) => Row;
}

/**
 * Writes records into a table of PostgreSQL.
 * - `EXACTLY_ONCE`: rows are kept in the checkpoint; when it is complete, all of a subtask and the note that they are committed
 *   go into the database in one transaction.
 * - `AT_LEAST_ONCE`: rows are written as they come, and a barrier waits for them. With `onConflict` a repeated row does no harm.
 * - `NONE`: a barrier does not wait.
 *
 * What a column holds is a value that state can hold; the server turns it into the column's type.
 */
export class PostgresSink<T> implements Sink<T, StagedRows> {
  /** Only where the sink commits; see `Sink`. */
  readonly createCommitter?: (context: CommitterContext) => Promise<Committer<StagedRows>>;
  readonly #options: PostgresSinkOptions;
  readonly #statement: RowStatement;
  readonly #rowOf: (value: T) => Row;
  readonly #guarantee: DeliveryGuarantee;

  private constructor(options: PostgresSinkOptions, statement: RowStatement, rowOf: (value: T) => Row) {
    this.#options = options;
    this.#statement = statement;
    this.#rowOf = rowOf;
    this.#guarantee = options.deliveryGuarantee ?? DeliveryGuarantee.EXACTLY_ONCE;
    if (this.#guarantee === DeliveryGuarantee.EXACTLY_ONCE)
      this.createCommitter = ({ taskInfo }) => this.#newCommitter(fenceOf(taskInfo));
  }

  /** `PostgresSink.forTable<Order>({ connection: { url }, table: 'orders', columns: ['id', 'amount'] })` @throws UserError */
  static forTable<T>(options: PostgresFieldsOptions<T>): PostgresSink<T>;
  /** `PostgresSink.forTable<Order>({ connection: { url }, table: 'orders', columns: { id: (order) => order.id } })` */
  static forTable<T>(options: PostgresColumnsOptions<T>): PostgresSink<T>;
  static forTable<T>(options: PostgresFieldsOptions<T> | PostgresColumnsOptions<T>): PostgresSink<T> {
    const { table, columns, onConflict } = options;
    const named = isNames(columns) ? columns : Object.keys(columns);
    return new PostgresSink<T>(options, insertStatement(table, named, onConflict), rowMaker(columns));
  }

  /** Any statement, once per record. @throws UserError when it is empty */
  static forStatement<T>(options: PostgresStatementOptions<T>): PostgresSink<T> {
    if (options.statement.trim() === '') throw new UserError('a statement sink needs a statement');
    return new PostgresSink<T>(options, { kind: 'each', text: options.statement }, options.parameters);
  }

  async createWriter(context: SinkWriterContext): Promise<SinkWriter<T, StagedRows>> {
    const { taskInfo, operatorId, restoredCheckpointId } = context;
    if (this.#guarantee !== DeliveryGuarantee.EXACTLY_ONCE) {
      const connection = await connectTo(this.#options.connection, 'millrace-sink');
      const awaitStored = this.#guarantee === DeliveryGuarantee.AT_LEAST_ONCE;
      return new RowsWriter<T>(connection, this.#statement, this.#rowOf, awaitStored) as SinkWriter<
        T,
        StagedRows
      >;
    }
    const stem = commitStem(taskInfo.jobId, operatorId, taskInfo.indexOfThisSubtask);
    return new StagingRowsWriter<T>(this.#statement, this.#rowOf, async () => {
      const committer = await this.#newCommitter(fenceOf(taskInfo));
      try {
        await committer.takeOver(stem, restoredCheckpointId);
      } finally {
        await committer.close();
      }
    });
  }

  async #newCommitter(fence: bigint): Promise<PostgresCommitter> {
    const { commitTable = 'millrace_commits' } = this.#options;
    const connection = await connectTo(this.#options.connection, 'millrace-committer');
    const committer = new PostgresCommitter({ connection, commitTable, fence });
    try {
      await committer.begin();
      return committer;
    } catch (error) {
      await committer.close();
      throw error;
    }
  }
}

type Columns<T> = PostgresFieldsOptions<T>['columns'] | PostgresColumnsOptions<T>['columns'];

function isNames<T>(columns: Columns<T>): columns is PostgresFieldsOptions<T>['columns'] {
  return Array.isArray(columns);
}

function rowMaker<T>(columns: Columns<T>): (value: T) => Row {
  if (isNames(columns)) return (value) => columns.map((column) => value[column]);
  const makers = Object.values(columns);
  return (value) => makers.map((make) => make(value));
}
