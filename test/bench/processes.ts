import { readdirSync, readFileSync } from 'node:fs';

/** What Linux tells about a process; elsewhere nothing is known and the figures of other processes are left out. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

/** Unit of the times in /proc: fixed for user space on Linux. */
const TICKS_PER_SECOND = 100;
const PARENT = 1;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** Fields of `/proc/<pid>/stat` after the command's name. */
function statOf(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

export function usageOf(pid: number): ProcessUsage | undefined {
  const stat = statOf(pid);
  const status = read(`/proc/${pid}/status`);
  if (stat === undefined || status === undefined) return undefined;
  const ticks = Number(stat[USER_TICKS]) + Number(stat[SYSTEM_TICKS]);
  const peakKb = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  return { cpuSeconds: ticks / TICKS_PER_SECOND, peakRssMb: peakKb / 1024 };
}

/** Processes that this one started and that run. */
export function childrenOf(parent: number): number[] {
  let entries: string[];
  try {
    entries = readdirSync('/proc');
  } catch {
    return [];
  }
  return entries.map(Number).filter((pid) => pid > 0 && Number(statOf(pid)?.[PARENT]) === parent);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended meanwhile, or this is no Linux.
    return undefined;
  }
}
