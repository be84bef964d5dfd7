import type { FilePosition, FileRange } from '../../formats/file-format.ts';

/** A range of a file and how far it has been read. */
export interface FileSplit {
  /** `<path>#<start>` */
  readonly splitId: string;
  readonly path: string;
  readonly range: FileRange;
  /** The next record. */
  readonly position: FilePosition;
  /** Place among the splits found: they are handed out in that order. */
  readonly rank?: number;
  /** Why the file could not be cut into splits: its one split carries the reason to a reader, which reports it. */
  readonly damage?: string;
}

export function fileSplit(path: string, range: FileRange, damage?: string): FileSplit {
  return {
    splitId: `${path}#${range.start}`,
    path,
    range,
    position: { offset: range.start, skip: 0 },
    ...(damage === undefined ? {} : { damage }),
  };
}
