import { ConfigurationError } from '../base/errors.ts';
import type { Configuration } from './configuration.ts';
import { megabytes } from './memory-model.ts';
import { OPTIONS } from './options.ts';

/** Where the memory of a JobManager process goes; bytes. `process` is the sum of all others but `flink`. */
export interface JobManagerMemory {
  readonly process: number;
  /** Without metaspace and overhead. */
  readonly flink: number;
  readonly heap: number;
  readonly offHeap: number;
  readonly metaspace: number;
  readonly overhead: number;
}

/** Less does not carry the actors. */
const LEAST_HEAP = 64 * 1024 ** 2;

/** Whether the configuration says how large a JobManager is, so that its heap has another limit than V8's own. */
export function sizesJobManager(configuration: Configuration): boolean {
  const sizes = [OPTIONS.jobManagerProcessMemory, OPTIONS.jobManagerFlinkMemory, OPTIONS.jobManagerHeap];
  return sizes.some((option) => configuration.has(option));
}

/**
 * Flink's memory model: total process = heap + off-heap (together "Flink memory") + metaspace + overhead. Derives what is not
 * configured, from the innermost size that is: `heap.size`, else `flink.size`, else `process.size`, else V8's own limit.
 * @param ownHeapBytes V8's limit where nothing is said
 * @throws ConfigurationError naming the keys whose sum is not that of the total
 */
export function jobManagerMemory(configuration: Configuration, ownHeapBytes: number): JobManagerMemory {
  const process = configuration.get(OPTIONS.jobManagerProcessMemory);
  const flink = configuration.get(OPTIONS.jobManagerFlinkMemory);
  const heap = configuration.get(OPTIONS.jobManagerHeap);
  if (flink === undefined && heap === undefined && process !== undefined)
    return fromProcess(configuration, process);
  const parts =
    flink === undefined
      ? fromHeap(configuration, heap ?? ownHeapBytes)
      : fromFlink(configuration, flink, heap);
  return withProcess(parts, configuration, process);
}

type FlinkParts = Pick<JobManagerMemory, 'flink' | 'heap' | 'offHeap'>;

function fromHeap(configuration: Configuration, heap: number): FlinkParts {
  const offHeap = configuration.get(OPTIONS.jobManagerOffHeap);
  checkHeap(heap, `${OPTIONS.jobManagerHeap.key}: ${megabytes(heap)}`);
  return { heap, offHeap, flink: heap + offHeap };
}

function fromFlink(configuration: Configuration, flink: number, wanted: number | undefined): FlinkParts {
  const isOffHeapSet = configuration.has(OPTIONS.jobManagerOffHeap);
  const offHeap =
    wanted === undefined || isOffHeapSet ? configuration.get(OPTIONS.jobManagerOffHeap) : flink - wanted;
  const heap = wanted ?? flink - offHeap;
  checkHeap(
    heap,
    `${OPTIONS.jobManagerFlinkMemory.key}: of ${megabytes(flink)}, beside off-heap ${megabytes(offHeap)}, ${megabytes(heap)}`,
  );
  if (offHeap >= 0 && heap + offHeap === flink) return { heap, offHeap, flink };
  throw new ConfigurationError(
    `${OPTIONS.jobManagerFlinkMemory.key}: ${megabytes(flink)} is not the sum of ${OPTIONS.jobManagerHeap.key} (${megabytes(heap)}) and ` +
      `${OPTIONS.jobManagerOffHeap.key} (${megabytes(Math.max(0, offHeap))}); leave one of the three to be derived`,
  );
}

function fromProcess(configuration: Configuration, process: number): JobManagerMemory {
  const metaspace = configuration.get(OPTIONS.jobManagerMetaspace);
  const overhead = clamped(configuration, configuration.get(OPTIONS.jobManagerOverheadFraction) * process);
  const flink = process - metaspace - overhead;
  const offHeap = configuration.get(OPTIONS.jobManagerOffHeap);
  const heap = flink - offHeap;
  const others = `off-heap ${megabytes(offHeap)}, metaspace ${megabytes(metaspace)} and overhead ${megabytes(overhead)}`;
  checkHeap(
    heap,
    `${OPTIONS.jobManagerProcessMemory.key}: of ${megabytes(process)}, beside ${others}, ${megabytes(Math.max(0, heap))}`,
  );
  return { process, flink, heap, offHeap, metaspace, overhead };
}

/** Adds metaspace and overhead; where the total is given too, the overhead is what is left of it. */
function withProcess(
  parts: FlinkParts,
  configuration: Configuration,
  process: number | undefined,
): JobManagerMemory {
  const metaspace = configuration.get(OPTIONS.jobManagerMetaspace);
  const beside = parts.flink + metaspace;
  if (process === undefined) {
    const fraction = Math.min(0.99, configuration.get(OPTIONS.jobManagerOverheadFraction));
    const overhead = clamped(configuration, (fraction / (1 - fraction)) * beside);
    return { ...parts, metaspace, overhead, process: beside + overhead };
  }
  const overhead = process - beside;
  const least = configuration.get(OPTIONS.jobManagerOverheadMin);
  const most = configuration.get(OPTIONS.jobManagerOverheadMax);
  if (overhead >= least && overhead <= most) return { ...parts, metaspace, overhead, process };
  throw new ConfigurationError(
    `${OPTIONS.jobManagerProcessMemory.key}: ${megabytes(process)} is not the sum of its parts: heap ${megabytes(parts.heap)}, ` +
      `off-heap ${megabytes(parts.offHeap)} and metaspace ${megabytes(metaspace)} leave ${megabytes(overhead)} for overhead, which must be within ` +
      `${megabytes(least)} and ${megabytes(most)} (jobmanager.memory.jvm-overhead.min, max); leave one of the sizes to be derived`,
  );
}

function clamped(configuration: Configuration, bytes: number): number {
  const least = configuration.get(OPTIONS.jobManagerOverheadMin);
  return Math.floor(Math.min(configuration.get(OPTIONS.jobManagerOverheadMax), Math.max(least, bytes)));
}

function checkHeap(heap: number, said: string): void {
  if (heap >= LEAST_HEAP) return;
  throw new ConfigurationError(
    `${said} for the heap is too little: a JobManager needs ${megabytes(LEAST_HEAP)} at least; raise that size, or lower the others of jobmanager.memory`,
  );
}

const NAMES: Readonly<Record<keyof JobManagerMemory, string>> = {
  process: 'process',
  flink: 'Flink memory',
  heap: 'heap',
  offHeap: 'off-heap',
  metaspace: 'metaspace',
  overhead: 'overhead',
};

/** `[name, bytes]` of each part, in the order in which Flink shows them. */
export function jobManagerMemoryParts(memory: JobManagerMemory): readonly (readonly [string, number])[] {
  return (Object.keys(NAMES) as (keyof JobManagerMemory)[]).map((part) => [NAMES[part], memory[part]]);
}
