/**
 * Metadata: small values under flat keys (`a.b.c`, tokens of [A-Za-z0-9_-]) with compare-and-set.
 * Adapters: memory, filesystem, NATS KV.
 */
export interface MetadataStore {
  get(key: string): Promise<MetadataEntry | undefined>;
  /** Creates; false when the key exists. */
  create(key: string, value: Uint8Array): Promise<boolean>;
  /** Writes if the revision is still `revision`; false on conflict. */
  update(key: string, value: Uint8Array, revision: number): Promise<boolean>;
  put(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  /** Keys that start with `prefix`, in no order. */
  keys(prefix: string): Promise<string[]>;
}

export interface MetadataEntry {
  readonly value: Uint8Array;
  readonly revision: number;
}

/** Artifacts (bundled job modules): immutable bytes addressed by their sha256 (lower-case hex). */
export interface ArtifactStore {
  /** Stores and returns the address; storing the same bytes again is free. */
  put(content: Uint8Array): Promise<string>;
  /** Reads and verifies; throws ArtifactNotFoundError or ArtifactCorruptError. */
  get(sha256: string): Promise<Uint8Array>;
  has(sha256: string): Promise<boolean>;
}
