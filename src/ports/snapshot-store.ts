/**
 * Where checkpoints and savepoints live. Paths are relative, `/` between tokens of [A-Za-z0-9_.-], none of them `.` or `..`.
 * Files never change: what a path holds once, it holds until it is deleted. Adapters: memory, filesystem, S3, NATS.
 */
export interface SnapshotStore {
  /** The place as people write it (`file:///…`, `s3://…`), for errors. */
  readonly location: string;
  /** Begins a file. It is there, whole and durable, once `close` has resolved, and else not at all. */
  create(path: string): Promise<SnapshotFile>;
  /** Reads `length` bytes from `offset`, both by default the whole. @throws SnapshotNotFoundError */
  read(path: string, offset?: number, length?: number): Promise<Uint8Array>;
  /** Size in bytes; undefined where there is no such file. */
  size(path: string): Promise<number | undefined>;
  /** Creates a small file in one step, durably; false when the path is taken: then nothing was changed. */
  createExclusive(path: string, content: Uint8Array): Promise<boolean>;
  /** Files below a folder, in no order. */
  list(folder: string): Promise<readonly SnapshotFileInfo[]>;
  /** Deletes files; those that are gone already count as deleted. */
  delete(paths: readonly string[]): Promise<void>;
}

/** A file being written, one call at a time. */
export interface SnapshotFile {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  /** Gives up: nothing of the file stays. */
  abort(): Promise<void>;
}

export interface SnapshotFileInfo {
  readonly path: string;
  readonly size: number;
  /** When it was last written, wall time in ms. */
  readonly modifiedAt: number;
}

/** Opens stores by their URI, each once. */
export interface SnapshotStores {
  /** @param uri `file:///…`, `s3://…` @throws UserError for a URI that cannot be used */
  open(uri: string): Promise<SnapshotStore>;
}
