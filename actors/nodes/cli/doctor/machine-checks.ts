import type { Configuration } from '../../../../src/config/configuration.ts';
import { OPTIONS } from '../../../../src/config/options.ts';
import { count } from '../table.ts';
import { Findings } from './finding.ts';
import type { Finding } from './finding.ts';

/** The machine or container that a TaskManager would run on. */
export interface Machine {
  readonly cores: number;
  readonly memoryBytes: number;
  /** Free bytes where temporary files go, by folder; undefined where it cannot be asked. */
  readonly temporaryFolders: readonly { readonly path: string; readonly freeBytes: number | undefined }[];
}

const MEGABYTE = 1024 ** 2;
/** A slot's thread with little state takes some 100 MB. */
const MEMORY_PER_SLOT_BYTES = 256 * MEGABYTE;
const FREE_DISK_BYTES = 1024 * MEGABYTE;

/** Whether this machine is right for a TaskManager of this configuration. */
export function machineChecks(configuration: Configuration, machine: Machine): readonly Finding[] {
  const findings = new Findings('Resources');
  const slots = configuration.get(OPTIONS.slotsPerTaskManager);
  const { cores, memoryBytes } = machine;
  findings.check(slots <= cores, `${slots} slots on ${cores} cores`, [
    `${slots} slots on ${cores} cores`,
    `each slot is a thread that can fill a core: set ${OPTIONS.slotsPerTaskManager.key} to ${cores} or less, unless jobs mostly wait`,
  ]);
  const megabytes = `${count(memoryBytes / MEGABYTE)} MB of memory`;
  findings.check(memoryBytes >= slots * MEMORY_PER_SLOT_BYTES, megabytes, [
    `${megabytes} for ${slots} slots`,
    'a slot needs 256 MB, and its state with state.backend.type hashmap: give more, or fewer slots',
  ]);
  for (const { path, freeBytes } of machine.temporaryFolders) {
    if (freeBytes === undefined) {
      findings.problem(
        `${path} cannot be used`,
        'sorted inputs and rocksdb need it: make it, or set io.tmp.dirs',
      );
      continue;
    }
    const free = `${count(freeBytes / MEGABYTE)} MB free in ${path}`;
    findings.check(freeBytes >= FREE_DISK_BYTES, free, [
      free,
      'sorted inputs and rocksdb keep their files there: set io.tmp.dirs to a larger, local disk',
    ]);
  }
  return findings.list;
}
