/** Resident set of this process over the course of a run. */
export interface Sample {
  /** How far the run is: events or seconds. */
  readonly at: number;
  readonly rssMb: number;
}

export function rssMb(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}

/**
 * Growth in MB after warming up: between the medians of the first and the last third of the samples that come after the first
 * `warmUp` of the run. One sample says little: a heap rises until it is collected.
 */
export function growthOf(samples: readonly Sample[], warmUp: number): number {
  const end = samples.at(-1)?.at ?? 0;
  const after = samples.filter(({ at }) => at >= end * warmUp);
  const third = Math.floor(after.length / 3);
  if (third === 0) throw new Error(`${after.length} samples are too few: let it run longer`);
  return median(after.slice(-third)) - median(after.slice(0, third));
}

function median(samples: readonly Sample[]): number {
  const sorted = samples.map((sample) => sample.rssMb).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
