import { ConfigurationError } from '../base/errors.ts';
import { Configuration } from './configuration.ts';
import { OPTIONS } from './options.ts';

/** Where the memory of a TaskManager process goes; bytes. `process` is the sum of all others but `flink`. */
export interface TaskManagerMemory {
  readonly process: number;
  /** Without metaspace and overhead. */
  readonly flink: number;
  readonly frameworkHeap: number;
  readonly frameworkOffHeap: number;
  readonly taskHeap: number;
  readonly taskOffHeap: number;
  readonly network: number;
  readonly managed: number;
  readonly metaspace: number;
  readonly overhead: number;
}

const MB = 1024 ** 2;
/** Less does not carry a job's thread. */
const LEAST_TASK_HEAP = 32 * MB;

/**
 * Flink's memory model: total process = framework + task + network + managed (together "Flink memory") + metaspace +
 * overhead. Derives what is not configured, from the part that is: `task.heap.size` with `managed.size`, else `flink.size`,
 * else `process.size`, else what the process may use.
 * @param availableBytes limit of the process's container, else the machine's memory
 * @throws ConfigurationError naming the keys whose sum is not that of the total
 */
export function taskManagerMemory(configuration: Configuration, availableBytes: number): TaskManagerMemory {
  const taskHeap = configuration.get(OPTIONS.taskHeap);
  const managed = configuration.get(OPTIONS.managedMemory);
  const flink = configuration.get(OPTIONS.flinkMemory);
  const process = configuration.get(OPTIONS.processMemory);
  if (flink !== undefined) return withProcess(flinkParts(configuration, flink), configuration, process);
  if (taskHeap !== undefined && managed !== undefined)
    return withProcess(partsFromTask(configuration, taskHeap, managed), configuration, process);
  if (process === undefined) return fromProcess(shrunk(configuration, availableBytes), availableBytes);
  return fromProcess(configuration, process);
}

/** Nothing says how large the process is: on a small machine defaults take a tenth of it each at most. */
function shrunk(configuration: Configuration, availableBytes: number): Configuration {
  const tenth = Math.floor(availableBytes / 10);
  const defaults = [
    OPTIONS.metaspace,
    OPTIONS.overheadMin,
    OPTIONS.frameworkHeap,
    OPTIONS.frameworkOffHeap,
    OPTIONS.networkMin,
  ].filter((option) => option.defaultValue > tenth);
  return Configuration.of(defaults.map(({ key }) => [key, String(tenth)])).with(configuration);
}

function fromProcess(configuration: Configuration, total: number): TaskManagerMemory {
  const metaspace = configuration.get(OPTIONS.metaspace);
  const overhead = clamped(configuration, 'overhead', configuration.get(OPTIONS.overheadFraction) * total);
  const rest = total - metaspace - overhead;
  if (rest <= 0)
    throw new ConfigurationError(
      `${OPTIONS.processMemory.key}: of ${megabytes(total)} nothing is left beside metaspace (${megabytes(metaspace)}) and overhead (${megabytes(overhead)})`,
    );
  return { ...flinkParts(configuration, rest), process: total, metaspace, overhead };
}

type FlinkParts = Omit<TaskManagerMemory, 'process' | 'metaspace' | 'overhead'>;

function fixedParts(
  configuration: Configuration,
): Pick<FlinkParts, 'frameworkHeap' | 'frameworkOffHeap' | 'taskOffHeap'> {
  return {
    frameworkHeap: configuration.get(OPTIONS.frameworkHeap),
    frameworkOffHeap: configuration.get(OPTIONS.frameworkOffHeap),
    taskOffHeap: configuration.get(OPTIONS.taskOffHeap),
  };
}

/** Task heap and managed memory are given: the network gets its share of the whole that they lead to. */
function partsFromTask(configuration: Configuration, taskHeap: number, managed: number): FlinkParts {
  const fixed = fixedParts(configuration);
  const others = sum(fixed) + taskHeap + managed;
  const fraction = configuration.get(OPTIONS.networkFraction);
  if (fraction >= 1)
    throw new ConfigurationError(`${OPTIONS.networkFraction.key}: ${fraction} leaves nothing to others`);
  const network = clamped(configuration, 'network', (fraction / (1 - fraction)) * others);
  return { ...fixed, taskHeap, managed, network, flink: others + network };
}

/** Flink memory is given: the task heap is what others leave, and where it is given too, the sum has to be right. */
function flinkParts(configuration: Configuration, flink: number): FlinkParts {
  const fixed = fixedParts(configuration);
  const managed = managedBytes(configuration, flink);
  const wanted = configuration.get(OPTIONS.taskHeap);
  if (wanted !== undefined && configuration.get(OPTIONS.managedMemory) !== undefined) {
    const network = flink - sum(fixed) - wanted - managed;
    checkNetwork(configuration, network, flink);
    return { ...fixed, taskHeap: wanted, managed, network, flink };
  }
  const network = networkBytes(configuration, flink);
  const left = flink - sum(fixed) - managed - network;
  if (left < (wanted ?? LEAST_TASK_HEAP)) throw tooSmall(flink, { ...fixed, managed, network }, wanted);
  return { ...fixed, taskHeap: wanted ?? left, managed, network, flink };
}

function managedBytes(configuration: Configuration, flink: number): number {
  const size = configuration.get(OPTIONS.managedMemory);
  if (size !== undefined) return size;
  const onHeap = configuration.get(OPTIONS.stateBackend) === 'hashmap';
  if (onHeap && !configuration.has(OPTIONS.managedFraction)) return 0;
  return Math.floor(configuration.get(OPTIONS.managedFraction) * flink);
}

/** Adds metaspace and overhead; where the total is given too, the overhead is what is left of it. */
function withProcess(
  parts: FlinkParts,
  configuration: Configuration,
  process: number | undefined,
): TaskManagerMemory {
  const metaspace = configuration.get(OPTIONS.metaspace);
  const beside = parts.flink + metaspace;
  if (process === undefined) {
    const fraction = Math.min(0.99, configuration.get(OPTIONS.overheadFraction));
    const overhead = clamped(configuration, 'overhead', (fraction / (1 - fraction)) * beside);
    return { ...parts, metaspace, overhead, process: beside + overhead };
  }
  const overhead = process - beside;
  const least = configuration.get(OPTIONS.overheadMin);
  const most = configuration.get(OPTIONS.overheadMax);
  if (overhead >= least && overhead <= most) return { ...parts, metaspace, overhead, process };
  throw new ConfigurationError(
    `${OPTIONS.processMemory.key}: ${megabytes(process)} is not the sum of its parts: ${listed(parts)} and metaspace ${megabytes(metaspace)} ` +
      `leave ${megabytes(overhead)} for overhead, which must be within ${megabytes(least)} and ${megabytes(most)} (taskmanager.memory.jvm-overhead.min, max); leave one of them to be derived`,
  );
}

function checkNetwork(configuration: Configuration, network: number, flink: number): void {
  const [least, most] = [configuration.get(OPTIONS.networkMin), configuration.get(OPTIONS.networkMax)];
  if (network >= least && network <= most) return;
  throw new ConfigurationError(
    `${OPTIONS.flinkMemory.key}: of ${megabytes(flink)} the parts that are set leave ${megabytes(network)} for the network, ` +
      `which must be within ${megabytes(least)} and ${megabytes(most)} (taskmanager.memory.network.min, max); leave one of them to be derived`,
  );
}

/** What frames in flight may take, of so much Flink memory, where the configuration alone decides. */
export function networkBytes(configuration: Configuration, flink: number): number {
  return clamped(configuration, 'network', configuration.get(OPTIONS.networkFraction) * flink);
}

function clamped(configuration: Configuration, part: 'network' | 'overhead', bytes: number): number {
  const [least, most] =
    part === 'network'
      ? [OPTIONS.networkMin, OPTIONS.networkMax]
      : [OPTIONS.overheadMin, OPTIONS.overheadMax];
  return Math.floor(Math.min(configuration.get(most), Math.max(configuration.get(least), bytes)));
}

function tooSmall(
  flink: number,
  others: Partial<FlinkParts>,
  wanted: number | undefined,
): ConfigurationError {
  const need = wanted === undefined ? `at least ${megabytes(LEAST_TASK_HEAP)}` : megabytes(wanted);
  return new ConfigurationError(
    `taskmanager.memory: of ${megabytes(flink)} (process without metaspace and overhead) the other parts leave too little for the task heap, ` +
      `which needs ${need}: ${listed(others)}; raise taskmanager.memory.process.size, or lower one of them`,
  );
}

const NAMES: Readonly<Record<keyof TaskManagerMemory, string>> = {
  process: 'process',
  flink: 'Flink memory',
  frameworkHeap: 'framework heap',
  frameworkOffHeap: 'framework off-heap',
  taskHeap: 'task heap',
  taskOffHeap: 'task off-heap',
  network: 'network',
  managed: 'managed',
  metaspace: 'metaspace',
  overhead: 'overhead',
};

/** `[name, bytes]` of each part, in the order in which Flink shows them. */
export function memoryParts(memory: Partial<TaskManagerMemory>): readonly (readonly [string, number])[] {
  return (Object.keys(NAMES) as (keyof TaskManagerMemory)[]).flatMap((part) => {
    const bytes = memory[part];
    return bytes === undefined ? [] : [[NAMES[part], bytes] as const];
  });
}

function listed(parts: Partial<TaskManagerMemory>): string {
  return memoryParts(parts)
    .map(([name, bytes]) => `${name} ${megabytes(bytes)}`)
    .join(', ');
}

/** `1,024 MB` */
export function megabytes(bytes: number): string {
  return bytes === Number.POSITIVE_INFINITY
    ? 'infinite'
    : `${Math.round(bytes / MB).toLocaleString('en-US')} MB`;
}

function sum(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((total, bytes) => total + bytes, 0);
}

/** V8's limit of one slot's heap; bytes. */
export function slotHeapBytes(memory: TaskManagerMemory, slots: number): number {
  return Math.floor((memory.taskHeap + memory.frameworkHeap / 2) / Math.max(1, slots));
}
