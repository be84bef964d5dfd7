import type { Configuration } from '../../../../src/config/configuration.ts';
import { ConfigurationError } from '../../../../src/base/errors.ts';
import {
  jobManagerMemory,
  jobManagerMemoryParts,
  sizesJobManager,
} from '../../../../src/config/job-manager-memory.ts';
import { megabytes, memoryParts, taskManagerMemory } from '../../../../src/config/memory-model.ts';
import { OPTIONS } from '../../../../src/config/options.ts';
import { Findings } from './finding.ts';
import type { Finding } from './finding.ts';

/** The machine or container that nodes would run on. */
export interface Machine {
  readonly cores: number;
  readonly memoryBytes: number;
  /** V8's limit of the heap of a process, where nothing is said. */
  readonly heapBytes: number;
  /** Free bytes where temporary files go, by folder; undefined where it cannot be asked. */
  readonly temporaryFolders: readonly { readonly path: string; readonly freeBytes: number | undefined }[];
}

const MEGABYTE = 1024 ** 2;
/** A slot's thread with little state takes some 100 MB. */
const MEMORY_PER_SLOT_BYTES = 256 * MEGABYTE;
const FREE_DISK_BYTES = 1024 * MEGABYTE;

/** Whether this machine is right for a TaskManager, or a JobManager, of this configuration. */
export function machineChecks(configuration: Configuration, machine: Machine): readonly Finding[] {
  const findings = new Findings('Resources');
  const slots = configuration.get(OPTIONS.slotsPerTaskManager);
  const { cores, memoryBytes } = machine;
  findings.check(slots <= cores, `${slots} slots on ${cores} cores`, [
    `${slots} slots on ${cores} cores`,
    `each slot is a thread that can fill a core: set ${OPTIONS.slotsPerTaskManager.key} to ${cores} or less, unless jobs mostly wait`,
  ]);
  const memory = `${megabytes(memoryBytes)} of memory`;
  findings.check(memoryBytes >= slots * MEMORY_PER_SLOT_BYTES, memory, [
    `${memory} for ${slots} slots`,
    'a slot needs 256 MB, and its state with state.backend.type hashmap: give more, or fewer slots',
  ]);
  const taskManager = { who: 'a TaskManager', key: OPTIONS.processMemory.key, tooMuch: 'problem' } as const;
  breakdown(findings, machine, taskManager, () => memoryParts(taskManagerMemory(configuration, memoryBytes)));
  // Where nobody sizes the heap, its limit is one that it may never reach.
  const tooMuch = sizesJobManager(configuration) ? 'problem' : 'advise';
  const jobManager = { who: 'a JobManager', key: OPTIONS.jobManagerProcessMemory.key, tooMuch } as const;
  breakdown(findings, machine, jobManager, () =>
    jobManagerMemoryParts(jobManagerMemory(configuration, machine.heapBytes)),
  );
  for (const { path, freeBytes } of machine.temporaryFolders) {
    if (freeBytes === undefined) {
      findings.problem(
        `${path} cannot be used`,
        'sorted inputs and the state backends rocksdb and forst need it: make it, or set io.tmp.dirs',
      );
      continue;
    }
    const free = `${megabytes(freeBytes)} free in ${path}`;
    findings.check(freeBytes >= FREE_DISK_BYTES, free, [
      free,
      'sorted inputs and the state backends rocksdb and forst keep their files there: set io.tmp.dirs to a larger, local disk',
    ]);
  }
  return findings.list;
}

/** @param partsOf the whole process first */
function breakdown(
  findings: Findings,
  { memoryBytes }: Machine,
  {
    who,
    key,
    tooMuch,
  }: { readonly who: string; readonly key: string; readonly tooMuch: 'problem' | 'advise' },
  partsOf: () => readonly (readonly [string, number])[],
): void {
  try {
    const parts = partsOf().filter(([, bytes]) => bytes > 0);
    const text = `${who} takes: ${parts.map(([name, bytes]) => `${name} ${megabytes(bytes)}`).join(', ')}`;
    const [[, process] = ['', 0]] = parts;
    if (process <= memoryBytes) findings.ok(text);
    else
      findings[tooMuch](
        text,
        `this machine or container has ${megabytes(memoryBytes)}: it would be ended; set ${key} to less`,
      );
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    findings.problem(`the memory of ${who} does not add up`, error.message);
  }
}
