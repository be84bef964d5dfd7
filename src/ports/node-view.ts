export interface LogFile {
  readonly name: string;
  readonly size: number;
  /** Last change, wall time, ms. */
  readonly mtime: number;
}

/** A process of the cluster, looked at from inside. */
export interface NodeView {
  logs(): Promise<readonly LogFile[]>;
  /** The file as it is; undefined where there is none of this name. */
  log(name: string): Promise<Uint8Array | undefined>;
  threads(): Promise<readonly { readonly name: string; readonly stack: string }[]>;
  environment(): Promise<NodeEnvironment>;
}

export interface NodeEnvironment {
  readonly version: string;
  readonly arch: string;
  readonly options: readonly string[];
  readonly modules: readonly string[];
  readonly memory: NodeMemory;
}

/** Bytes. */
export interface NodeMemory {
  readonly heapUsed: number;
  readonly heapCommitted: number;
  readonly heapMax: number;
  readonly external: number;
  readonly resident: number;
  readonly garbageCollections: readonly {
    readonly name: string;
    readonly count: number;
    readonly timeMs: number;
  }[];
}
