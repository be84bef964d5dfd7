import type { Measurement } from './bench.ts';

/** CPU time of this process so far, all threads, in seconds. */
export function cpuSeconds(): number {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return (userCPUTime + systemCPUTime) / 1e6;
}

/** Largest resident set of this process so far, in MB. */
export function peakRssMb(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** Runs `work`, which says how many records it moved, and measures this process meanwhile. */
export async function measure(work: () => number | Promise<number>): Promise<Measurement> {
  const cpu = cpuSeconds();
  const start = performance.now();
  const records = await work();
  const seconds = (performance.now() - start) / 1000;
  return { records, seconds, cpuSeconds: cpuSeconds() - cpu, peakRssMb: peakRssMb() };
}
