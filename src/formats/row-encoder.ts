/** How a file sink writes records: text, one record after the other. */
export interface RowEncoder<T> {
  /** Of the part files, without the dot. */
  readonly extension: string;
  /** What every file begins with; empty for nothing. */
  readonly header: string;
  /** The text of one record with its line end. */
  encode(value: T): string;
}
