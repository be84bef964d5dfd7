import type { Sql, TransactionSql } from 'postgres';
import { ExternalError } from '../../base/errors.ts';
import type { TaskInfo } from '../../functions/context.ts';
import type { CommitRequest, Committer } from '../../functions/sink.ts';
import { checkCommitted } from '../commits-ahead.ts';
import { postgresError } from './connection.ts';
import type { PostgresConnection } from './connection.ts';
import { tableName } from './statement.ts';
import type { Row, RowStatement } from './statement.ts';
import { writeRows } from './write-rows.ts';

/** Rows that wait in a checkpoint. */
export interface StagedRows {
  readonly statement: RowStatement;
  readonly rows: readonly Row[];
}

export interface PostgresCommitterOptions {
  readonly connection: PostgresConnection;
  readonly commitTable: string;
  /** Of the attempt: one that is not the newest commits nothing. */
  readonly fence: bigint;
}

/** A later attempt of the subtask has begun: what this one still commits is void. */
export class FencedCommitError extends ExternalError {
  constructor(table: string, stem: string) {
    super(
      `a later attempt of the sink has taken ${stem} over in the table ${table}: this one lives on without its JobManager knowing, and ` +
        'commits nothing',
      { retryable: false },
    );
  }
}

/** Orders attempts, also over changes of the JobManager. */
export function fenceOf({
  leaderEpoch,
  attemptNumber,
}: Pick<TaskInfo, 'leaderEpoch' | 'attemptNumber'>): bigint {
  return (BigInt(leaderEpoch) << 32n) + BigInt(attemptNumber);
}

/**
 * Writes the rows of a checkpoint and the note that they are committed in one transaction; a commit that is noted is passed over. The
 * note holds the fence of the attempt that began last: an earlier one that lives on is refused.
 */
export class PostgresCommitter implements Committer<StagedRows> {
  readonly #connection: PostgresConnection;
  readonly #sql: Sql;
  readonly #table: string;
  readonly #fence: string;

  constructor({ connection, commitTable, fence }: PostgresCommitterOptions) {
    this.#connection = connection;
    this.#sql = connection.sql;
    this.#table = tableName(commitTable);
    this.#fence = String(fence);
  }

  /** Makes the table of commits where there is none. Several subtasks may do so at a time. */
  async begin(): Promise<void> {
    try {
      const [found] = await this.#sql.unsafe<{ known: boolean }[]>(
        'SELECT to_regclass($1) IS NOT NULL AS known',
        [this.#table],
      );
      if (found?.known === true) return;
      await this.#sql.begin(async (sql) => {
        await sql.unsafe(`SELECT pg_advisory_xact_lock(hashtext($1))`, [this.#table]);
        await sql.unsafe(
          `CREATE TABLE IF NOT EXISTS ${this.#table} ` +
            '(id text PRIMARY KEY, checkpoint bigint NOT NULL, epoch bigint NOT NULL, committed_at timestamptz NOT NULL DEFAULT now())',
        );
      });
    } catch (error) {
      throw postgresError(`make the table of commits ${this.#table}`, error);
    }
  }

  /**
   * An attempt begins: those before it commit nothing from now on.
   * @throws CommitsAheadError when a later checkpoint was committed than the job goes on from, FencedCommitError
   */
  async takeOver(stem: string, restoredCheckpointId: number | undefined): Promise<void> {
    let committed: number;
    try {
      const [row] = await this.#sql.unsafe<{ checkpoint: string }[]>(
        `INSERT INTO ${this.#table} AS noted (id, checkpoint, epoch) VALUES ($1, 0, $2) ON CONFLICT (id) DO UPDATE ` +
          'SET epoch = excluded.epoch WHERE noted.epoch <= excluded.epoch RETURNING checkpoint',
        [stem, this.#fence],
      );
      if (row === undefined) throw new FencedCommitError(this.#table, stem);
      committed = Number(row.checkpoint);
    } catch (error) {
      if (error instanceof FencedCommitError) throw error;
      throw postgresError(`take the table of commits ${this.#table} over`, error);
    }
    checkCommitted(`the table ${this.#table}`, committed, restoredCheckpointId);
  }

  async commit(requests: readonly CommitRequest<StagedRows>[]): Promise<void> {
    const [first] = requests;
    if (first === undefined) return;
    const { stem, checkpointId } = first;
    try {
      await this.#sql.begin(async (sql) => {
        // Whoever commits the same waits here until the other is done.
        const noted = await sql.unsafe(
          `INSERT INTO ${this.#table} AS noted (id, checkpoint, epoch) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE ` +
            'SET checkpoint = excluded.checkpoint, epoch = excluded.epoch, committed_at = now() ' +
            'WHERE noted.checkpoint < excluded.checkpoint AND noted.epoch <= excluded.epoch RETURNING checkpoint',
          [stem, String(checkpointId), this.#fence],
        );
        if (noted.length === 0) {
          await this.#checkFence(sql, stem, checkpointId);
          for (const request of requests) request.signalAlreadyCommitted();
          return;
        }
        for (const { committable } of requests) await writeRows(sql, committable.statement, committable.rows);
      });
    } catch (error) {
      if (error instanceof FencedCommitError) throw error;
      throw postgresError('commit rows to PostgreSQL', error);
    }
  }

  /** Nothing was noted: either it is noted already, or a later attempt has begun. @throws FencedCommitError */
  async #checkFence(sql: TransactionSql, stem: string, checkpointId: number): Promise<void> {
    const [present] = await sql.unsafe<{ fenced: boolean }[]>(
      `SELECT checkpoint < $2 AND epoch > $3 AS fenced FROM ${this.#table} WHERE id = $1`,
      [stem, String(checkpointId), this.#fence],
    );
    if (present?.fenced === true) throw new FencedCommitError(this.#table, stem);
  }

  bytesSent(): number {
    return this.#connection.bytesSent();
  }

  async close(): Promise<void> {
    await this.#sql.end({ timeout: 0 });
  }
}
