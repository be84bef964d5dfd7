import { POSTGRES_BATCH_ROWS } from '../../base/limits.ts';
import type { SinkWriter } from '../../functions/sink.ts';
import { postgresError } from './connection.ts';
import type { PostgresConnection } from './connection.ts';
import type { Row, RowStatement } from './statement.ts';
import { writeRows } from './write-rows.ts';

/** Writes rows as they come: one batch is under way while the next fills. */
export class RowsWriter<T> implements SinkWriter<T> {
  readonly #connection: PostgresConnection;
  readonly #statement: RowStatement;
  readonly #rowOf: (value: T) => Row;
  readonly #awaitStored: boolean;
  #rows: Row[] = [];
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param awaitStored whether a barrier waits until everything is written */
  constructor(
    connection: PostgresConnection,
    statement: RowStatement,
    rowOf: (value: T) => Row,
    awaitStored: boolean,
  ) {
    this.#connection = connection;
    this.#statement = statement;
    this.#rowOf = rowOf;
    this.#awaitStored = awaitStored;
  }

  write(value: T): void {
    this.#rows.push(this.#rowOf(value));
    if (this.#rows.length >= POSTGRES_BATCH_ROWS) this.#startWriting();
  }

  pending(): Promise<void> | undefined {
    if (this.#rows.length < POSTGRES_BATCH_ROWS && this.#failure === undefined) return undefined;
    return this.#settled();
  }

  async flush(endOfInput: boolean): Promise<void> {
    this.#startWriting();
    if (endOfInput || this.#awaitStored)
      while (this.#rows.length > 0 || this.#writing !== undefined) await this.#settled();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  bytesSent(): number {
    return this.#connection.bytesSent();
  }

  async close(aborted: boolean): Promise<void> {
    this.#rows = [];
    if (!aborted) await this.#writing;
    await this.#connection.sql.end({ timeout: 0 });
  }

  async #settled(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#startWriting();
  }

  #startWriting(): void {
    if (this.#rows.length === 0 || this.#failure !== undefined) return;
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    try {
      await this.#connection.sql.begin((sql) => writeRows(sql, this.#statement, rows));
    } catch (error) {
      this.#failure = { error: postgresError('write rows to PostgreSQL', error) };
    }
    this.#writing = undefined;
  }
}
