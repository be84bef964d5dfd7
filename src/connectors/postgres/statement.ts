import { UserError } from '../../base/errors.ts';
import { POSTGRES_PARAMETERS_MAX } from '../../base/limits.ts';

/** A row as parameters of a statement. */
export type Row = readonly unknown[];

/**
 * How rows are written, as plain data: it travels with rows that wait in a checkpoint, so that they are written as they were meant
 * even after the job was changed. Either one statement per row, or one for many: `before VALUES (..), (..) after`.
 */
export type RowStatement =
  | { readonly kind: 'each'; readonly text: string }
  | { readonly kind: 'values'; readonly before: string; readonly after: string; readonly columns: number };

/** What happens with a row whose key is in the table. */
export interface OnConflict {
  /** Columns of a unique constraint. */
  readonly columns: readonly string[];
  /** `nothing` leaves the row that is there; `update` gives it the new values. */
  readonly do: 'nothing' | 'update';
}

/** `INSERT INTO table (columns) VALUES ... ON CONFLICT ...` @throws UserError for no columns or names that are none */
export function insertStatement(
  table: string,
  columns: readonly string[],
  onConflict?: OnConflict,
): RowStatement {
  if (columns.length === 0) throw new UserError('a table sink needs at least one column');
  if (new Set(columns).size < columns.length)
    throw new UserError(`a column is named twice: ${columns.join(', ')}`);
  const before = `INSERT INTO ${tableName(table)} (${columns.map(quoteName).join(', ')}) VALUES `;
  return {
    kind: 'values',
    before,
    after: onConflict === undefined ? '' : ` ${conflictClause(columns, onConflict)}`,
    columns: columns.length,
  };
}

/** A table's name, perhaps with its schema, quoted part by part. */
export function tableName(name: string): string {
  return name.split('.').map(quoteName).join('.');
}

/** The statements that write these rows, with their parameters. */
export function statementsFor(
  statement: RowStatement,
  rows: readonly Row[],
  rowsPerStatement: number,
): readonly { readonly text: string; readonly parameters: Row }[] {
  if (statement.kind === 'each') return rows.map((row) => ({ text: statement.text, parameters: row }));
  const { before, after, columns } = statement;
  const perStatement = Math.max(1, Math.min(rowsPerStatement, Math.floor(POSTGRES_PARAMETERS_MAX / columns)));
  const statements: { readonly text: string; readonly parameters: Row }[] = [];
  for (let at = 0; at < rows.length; at += perStatement) {
    const some = rows.slice(at, at + perStatement);
    statements.push({ text: before + placeholders(some.length, columns) + after, parameters: some.flat() });
  }
  return statements;
}

function conflictClause(columns: readonly string[], { columns: keys, do: act }: OnConflict): string {
  if (keys.length === 0) throw new UserError('onConflict needs the columns of a unique constraint');
  const target = `ON CONFLICT (${keys.map(quoteName).join(', ')})`;
  const others = columns.filter((column) => !keys.includes(column));
  if (act === 'nothing' || others.length === 0) return `${target} DO NOTHING`;
  return `${target} DO UPDATE SET ${others.map((name) => `${quoteName(name)} = excluded.${quoteName(name)}`).join(', ')}`;
}

function quoteName(name: string): string {
  if (name === '' || name.includes('\0')) throw new UserError(`"${name}" is no name of a table or column`);
  return `"${name.replaceAll('"', '""')}"`;
}

function placeholders(rows: number, columns: number): string {
  let next = 0;
  return Array.from(
    { length: rows },
    () => `(${Array.from({ length: columns }, () => `$${(next += 1)}`).join(', ')})`,
  ).join(', ');
}
