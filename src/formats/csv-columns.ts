/** What the text of a column is turned into. */
export type CsvType = 'string' | 'number' | 'bigint' | 'boolean';

/** Names of columns, or names with types. */
export type CsvColumns = readonly string[] | Readonly<Record<string, CsvType>>;

interface CsvValues {
  readonly string: string;
  readonly number: number | null;
  readonly bigint: bigint | null;
  readonly boolean: boolean | null;
}

/** The record that columns describe. */
export type CsvRecord<C extends CsvColumns> = C extends readonly (infer Name extends string)[]
  ? { [N in Name]: string }
  : C extends Readonly<Record<string, CsvType>>
    ? { -readonly [N in keyof C]: CsvValues[C[N]] }
    : never;

/** The value of a text, `undefined` when it is none. */
export type CsvConverter = (text: string) => unknown;

/** One converter per wanted column; `undefined` where text stays text. */
export function csvConverters(
  columns: CsvColumns | undefined,
  names: readonly string[],
): readonly (CsvConverter | undefined)[] {
  if (columns === undefined || Array.isArray(columns)) return names.map(() => undefined);
  const types = columns as Readonly<Record<string, CsvType>>;
  return names.map((name) => converterOf(types[name] ?? 'string'));
}

function converterOf(type: CsvType): CsvConverter | undefined {
  switch (type) {
    case 'string':
      return undefined;
    case 'number':
      return toNumber;
    case 'bigint':
      return toBigint;
    case 'boolean':
      return toBoolean;
  }
}

function toNumber(text: string): number | null | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  const value = Number(trimmed);
  return Number.isNaN(value) && trimmed !== 'NaN' ? undefined : value;
}

function toBigint(text: string): bigint | null | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  return /^[+-]?\d+$/.test(trimmed) ? BigInt(trimmed) : undefined;
}

function toBoolean(text: string): boolean | null | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === '') return null;
  if (trimmed === 'true' || trimmed === '1') return true;
  return trimmed === 'false' || trimmed === '0' ? false : undefined;
}
