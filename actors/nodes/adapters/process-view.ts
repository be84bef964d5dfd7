import { constants as fileConstants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import {
  CALL_TREE_NODES,
  LOG_FILES_SHOWN,
  LOG_SHOWN_BYTES,
  STACK_SAMPLED_MS,
} from '../../../src/base/limits.ts';
import type {
  CallTree,
  CallTreeRequest,
  LogFile,
  NodeEnvironment,
  NodeView,
  ProfileInfo,
  ProfileMode,
} from '../../../src/ports/node-view.ts';
import { callTree, newestStack } from '../profiling/cpu-profile.ts';
import { ProfileArchive } from '../profiling/profile-archive.ts';
import type { NamedThread, ProfileSettings } from '../profiling/profile-archive.ts';
import { ownThread } from '../profiling/profiled-thread.ts';
import type { ProfiledThread } from '../profiling/profiled-thread.ts';

/** A thread of this process that can be asked how it fares. */
export interface WatchedThread {
  readonly name: string;
  /** Share of its time in which its event loop was busy, and what else there is to say; lines. */
  describe(): Promise<string>;
  readonly profiled: ProfiledThread;
}

export interface ProcessViewOptions {
  /** `--log-file`; files beside it that begin with its name are shown too. */
  readonly logFile: string | undefined;
  /** Threads beside the main one. */
  threads(): readonly WatchedThread[];
  readonly profiles: ProfileSettings;
  /** Where profiles are kept. */
  readonly directory: string;
}

/** This process, for those who look into it from outside. */
export class ProcessView implements NodeView {
  readonly #options: ProcessViewOptions;
  readonly #collections = new Map<string, { count: number; timeMs: number }>();
  readonly #profiles: ProfileArchive;

  constructor(options: ProcessViewOptions) {
    this.#options = options;
    this.#profiles = new ProfileArchive(options.profiles, options.directory, () => this.#all());
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { duration, detail } = entry as PerformanceEntry & {
          readonly detail: { readonly kind: number };
        };
        const { kind } = detail;
        const name = COLLECTORS.get(kind) ?? 'other';
        const total = this.#collections.get(name) ?? { count: 0, timeMs: 0 };
        this.#collections.set(name, { count: total.count + 1, timeMs: total.timeMs + duration });
      }
    });
    observer.observe({ entryTypes: ['gc'] });
  }

  async logs(): Promise<readonly LogFile[]> {
    const { logFile } = this.#options;
    if (logFile === undefined) return [];
    const stem = basename(logFile).replace(/\.log$/, '');
    const names = (await readdir(dirname(logFile)))
      .filter((name) => name.startsWith(stem))
      .slice(0, LOG_FILES_SHOWN);
    const files = await Promise.all(
      names.map(async (name) => {
        const { size, mtimeMs } = await stat(join(dirname(logFile), name));
        return { name, size, mtime: Math.round(mtimeMs) };
      }),
    );
    return files.toSorted((a, b) => a.name.localeCompare(b.name));
  }

  /** The last part of a long one. Names are looked up among those that there are. */
  async log(name: string): Promise<Uint8Array | undefined> {
    const { logFile } = this.#options;
    const known = (await this.logs()).find((file) => file.name === name);
    if (logFile === undefined || known === undefined) return undefined;
    const file = await open(join(dirname(logFile), known.name), NO_LINKS);
    try {
      const from = Math.max(0, known.size - LOG_SHOWN_BYTES);
      const content = Buffer.alloc(known.size - from);
      const { bytesRead } = await file.read(content, 0, content.length, from);
      return content.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async threads(): Promise<readonly { readonly name: string; readonly stack: string }[]> {
    const { utilization } = performance.eventLoopUtilization();
    const resources = [...Map.groupBy(process.getActiveResourcesInfo(), (kind) => kind)];
    const waiting = resources.map(([kind, all]) => `${all.length} ${kind}`).join(', ');
    const main = `"main" event loop busy ${Math.round(utilization * 100)} %\n  waits for ${waiting || 'nothing'}`;
    const described = [
      { name: 'main', profiled: ownThread, describe: () => Promise.resolve(main) },
      ...this.#options.threads(),
    ];
    return Promise.all(
      described.map(async (thread) => {
        const [head, stack] = await Promise.all([thread.describe(), stackOf(thread.profiled)]);
        return { name: thread.name, stack: `${head}\n${stack}` };
      }),
    );
  }

  async callTrees({ threads, durationMs, kind, depth }: CallTreeRequest): Promise<readonly ThreadTree[]> {
    const wanted = this.#all().filter(({ name }) => threads === undefined || threads.includes(name));
    return Promise.all(
      wanted.map(async ({ name, profiled }) => ({
        name,
        tree: callTree(await profiled.sampleCpu(durationMs), kind, depth, CALL_TREE_NODES),
      })),
    );
  }

  profiles(): Promise<readonly ProfileInfo[]> {
    return Promise.resolve(this.#profiles.list());
  }

  async startProfile(mode: ProfileMode, durationMs: number): Promise<ProfileInfo> {
    return this.#profiles.start(mode, durationMs);
  }

  profile(
    name: string,
    range?: { readonly from: number; readonly bytes: number },
  ): Promise<Uint8Array | undefined> {
    return this.#profiles.read(name, range);
  }

  #all(): readonly NamedThread[] {
    return [{ name: 'main', profiled: ownThread }, ...this.#options.threads()];
  }

  environment(): Promise<NodeEnvironment> {
    const heap = getHeapStatistics();
    const { external, rss } = process.memoryUsage();
    return Promise.resolve({
      version: `Node.js ${process.version} (V8 ${process.versions.v8})`,
      arch: process.arch,
      options: process.execArgv,
      modules: Object.entries(process.versions).map(([name, version]) => `${name} ${version}`),
      memory: {
        heapUsed: heap.used_heap_size,
        heapCommitted: heap.total_heap_size,
        heapMax: heap.heap_size_limit,
        external,
        resident: rss,
        garbageCollections: [...this.#collections].map(([name, total]) => ({ name, ...total })),
      },
    });
  }
}

interface ThreadTree {
  readonly name: string;
  readonly tree: CallTree;
}

/** Where a thread is, as Flink's thread dumps write it; a thread that does nothing waits in its event loop. */
async function stackOf(profiled: ProfiledThread): Promise<string> {
  try {
    const stack = newestStack(await profiled.sampleCpu(STACK_SAMPLED_MS));
    return stack.length === 0 ? '  in its event loop' : stack.map((frame) => `  at ${frame}`).join('\n');
  } catch (error) {
    return `  no stack: ${(error as Error).message}`;
  }
}

const COLLECTORS = new Map<number, string>([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'Scavenge'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'MarkSweepCompact'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'IncrementalMarking'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'WeakCallbacks'],
]);

/** A link that took the place of a log is not followed. */
const NO_LINKS = fileConstants.O_RDONLY | fileConstants.O_NOFOLLOW;
