/** Builds records `[from, to)` out of columns. */
export type RowFactory<T> = (columns: readonly ArrayLike<unknown>[], from: number, to: number) => T[];

/**
 * Compiles a maker of records with the given fields: object literals give every record one hidden class and need no loop
 * over the fields. A field `__proto__` is written as a computed key, which defines a property and sets no prototype.
 */
export function rowFactory<T>(fields: readonly string[]): RowFactory<T> {
  const columns = fields.map((_, index) => `const c${index} = columns[${index}];`).join('\n');
  const properties = fields.map((field, index) => `${keyOf(field)}: c${index}[from + k]`).join(', ');
  const body = `${columns}
    const rows = new Array(to - from);
    for (let k = 0; k < rows.length; k += 1) rows[k] = { ${properties} };
    return rows;`;
  // The text holds nothing but indexes and JSON strings.
  // oxlint-disable-next-line typescript/no-implied-eval
  return new Function('columns', 'from', 'to', body) as RowFactory<T>;
}

function keyOf(field: string): string {
  return field === '__proto__' ? `['__proto__']` : JSON.stringify(field);
}
