export interface LogFile {
  readonly name: string;
  readonly size: number;
  /** Last change, wall time, ms. */
  readonly mtime: number;
}

/** Calls by path, with the samples that were taken in each: callers come before what they call. */
export type CallTree = readonly {
  readonly name: string;
  readonly value: number;
  /** Index of its caller; -1 for the first. */
  readonly parent: number;
}[];

/** What a thread did (`ON_CPU`), how long it waited (`OFF_CPU`), or both. */
export type CallTreeKind = 'FULL' | 'ON_CPU' | 'OFF_CPU';

export interface CallTreeRequest {
  /** Names as `threads` has them; undefined: all. */
  readonly threads: readonly string[] | undefined;
  readonly durationMs: number;
  readonly kind: CallTreeKind;
  /** Frames in a stack, at most. */
  readonly depth: number;
}

/** Flink's modes that V8 can serve: `ITIMER`, `CPU` and `WALL` sample stacks, `ALLOC` samples allocations. */
export type ProfileMode = 'CPU' | 'ITIMER' | 'WALL' | 'ALLOC';

/** A profile that was asked for. */
export interface ProfileInfo {
  readonly status: 'RUNNING' | 'FINISHED' | 'FAILED';
  readonly mode: ProfileMode;
  /** Wall time, ms. */
  readonly triggerTime: number;
  readonly finishedTime?: number | undefined;
  readonly durationMs: number;
  readonly message: string;
  readonly outputFile?: string | undefined;
}

/** A process of the cluster, looked at from inside. */
export interface NodeView {
  logs(): Promise<readonly LogFile[]>;
  /** The file as it is; undefined where there is none of this name. */
  log(name: string): Promise<Uint8Array | undefined>;
  threads(): Promise<readonly { readonly name: string; readonly stack: string }[]>;
  environment(): Promise<NodeEnvironment>;
  /** Samples threads while they work. @throws UserError where Node.js cannot */
  callTrees(request: CallTreeRequest): Promise<readonly { readonly name: string; readonly tree: CallTree }[]>;
  /** Newest first. */
  profiles(): Promise<readonly ProfileInfo[]>;
  /** Begins a profile of all threads. @throws UserError where that is off, under way already, or too long */
  startProfile(mode: ProfileMode, durationMs: number): Promise<ProfileInfo>;
  /** The file of a profile, or `bytes` of it `from` a byte; undefined where there is none of this name. */
  profile(
    name: string,
    range?: { readonly from: number; readonly bytes: number },
  ): Promise<Uint8Array | undefined>;
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
