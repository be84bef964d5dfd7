/** A column of a table; a negative width aligns to the left. */
export interface Column {
  readonly title: string;
  readonly width: number;
}

/** Rows of fixed width, printed as they come. */
export class Table {
  readonly #columns: readonly Column[];

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
  }

  header(): string {
    return this.row(this.#columns.map(({ title }) => title));
  }

  row(cells: readonly string[]): string {
    return this.#columns
      .map(({ width }, i) => {
        const cell = cells[i] ?? '';
        return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  }
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** `bytesPerRecord` as words. */
export function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** A line on a terminal's standard error that says what goes on; nothing elsewhere. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`);
}
