import type { Sql } from 'postgres';
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
  /** Noted beside each commit, for people. */
  readonly epoch: number;
}

/** Writes the rows of a checkpoint and the note that they are committed in one transaction; a commit that is noted is passed over. */
export class PostgresCommitter implements Committer<StagedRows> {
  readonly #connection: PostgresConnection;
  readonly #sql: Sql;
  readonly #table: string;
  readonly #epoch: number;

  constructor({ connection, commitTable, epoch }: PostgresCommitterOptions) {
    this.#connection = connection;
    this.#sql = connection.sql;
    this.#table = tableName(commitTable);
    this.#epoch = epoch;
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

  /** @throws CommitsAheadError when a later checkpoint was committed than the job goes on from */
  async check(stem: string, restoredCheckpointId: number | undefined): Promise<void> {
    let committed: number;
    try {
      const [row] = await this.#sql.unsafe<{ checkpoint: string }[]>(
        `SELECT checkpoint FROM ${this.#table} WHERE id = $1`,
        [stem],
      );
      committed = Number(row?.checkpoint ?? 0);
    } catch (error) {
      throw postgresError(`read the table of commits ${this.#table}`, error);
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
            'WHERE noted.checkpoint < excluded.checkpoint RETURNING checkpoint',
          [stem, String(checkpointId), String(this.#epoch)],
        );
        if (noted.length === 0) {
          for (const request of requests) request.signalAlreadyCommitted();
          return;
        }
        for (const { committable } of requests) await writeRows(sql, committable.statement, committable.rows);
      });
    } catch (error) {
      throw postgresError('commit rows to PostgreSQL', error);
    }
  }

  bytesSent(): number {
    return this.#connection.bytesSent();
  }

  async close(): Promise<void> {
    await this.#sql.end({ timeout: 0 });
  }
}
