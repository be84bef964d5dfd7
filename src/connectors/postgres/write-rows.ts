import type { TransactionSql } from 'postgres';
import { POSTGRES_ROWS_PER_STATEMENT } from '../../base/limits.ts';
import { statementsFor } from './statement.ts';
import type { Row, RowStatement } from './statement.ts';

/** Type of a parameter that the server shall find out from the statement. */
const UNKNOWN_TYPE = 0;

/** Sends the statements for these rows one after the other, without waiting between them. */
export async function writeRows(
  sql: TransactionSql,
  statement: RowStatement,
  rows: readonly Row[],
): Promise<void> {
  const sent = statementsFor(statement, rows, POSTGRES_ROWS_PER_STATEMENT).map(({ text, parameters }) =>
    sql
      .unsafe(
        text,
        parameters.map((value) => sql.typed((value ?? null) as never, UNKNOWN_TYPE)),
        { prepare: true },
      )
      .execute(),
  );
  await Promise.all(sent);
}
