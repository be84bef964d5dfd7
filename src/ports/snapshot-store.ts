/**
 * Where checkpoints and savepoints live. Paths are relative, `/` between tokens of [A-Za-z0-9_.-] that do not begin with a
 * dot, 512 characters at most; anything else is an InternalError, since Millrace makes every path from ids. A path is a file
 * or a folder of files, never both.
 *
 * Files never change: what a path holds once, it holds until it is deleted. A store may be used by many processes at once.
 * A rejected promise means that the world failed (StoreError): a write then may or may not have happened.
 * Adapters: memory, filesystem, S3, NATS.
 */
export interface SnapshotStore {
  /** The place as people write it (`file:///…`, `s3://…`), for errors. Holds no secrets. */
  readonly location: string;
  /** Begins a file. It is there, whole and durable, once `close` has resolved, and else not at all. */
  create(path: string): Promise<SnapshotFile>;
  /**
   * Reads `length` bytes from `offset`, by default the whole; fewer where the file ends before.
   *
   * @throws SnapshotNotFoundError
   */
  read(path: string, offset?: number, length?: number): Promise<Uint8Array>;
  /** Size in bytes; undefined where there is no such file. */
  size(path: string): Promise<number | undefined>;
  /**
   * Creates a small file in one step, durably; false when the path is taken: then nothing was changed. Of several that
   * create the same path at once, one is told true. A rejected promise leaves open whether the file was made: read it and
   * compare, or try again with the same content.
   */
  createExclusive(path: string, content: Uint8Array): Promise<boolean>;
  /** All files below a folder (`''`: the whole store), at any depth, in no order; none where there is no such folder. */
  list(folder: string): Promise<readonly SnapshotFileInfo[]>;
  /** Deletes files, durably; those that are gone already count as deleted. Folders that hold nothing any more vanish. */
  delete(paths: readonly string[]): Promise<void>;
}

/** A file being written, one call at a time. */
export interface SnapshotFile {
  /** Appends. The bytes belong to the file from now on: they must not be changed. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Puts the file in place. When it fails, the file counts for nothing, is removed as far as that can be done, and its path
   * must not be used again.
   *
   * @throws SnapshotExistsError when the path is taken: paths hold random ids, so this is never overwritten
   */
  close(): Promise<void>;
  /** Gives up: nothing of the file stays. After `close` or `abort` it does nothing. */
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
  /**
   * @param uri `file:///…`, `s3://…`
   * @param existing whether it is opened to be read: nothing is made where there is nothing
   * @throws UserError for a URI that cannot be used
   */
  open(uri: string, existing?: boolean): Promise<SnapshotStore>;
}
