import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { toParent } from '../children.ts';
import { measureEmbedded } from '../embedded-run.ts';
import { profileSlots } from '../profile/profile-slots.ts';
import { percentilesOf } from './histogram.ts';
import type { Percentiles } from './histogram.ts';
import { monotonicMs } from './monotonic.ts';

export interface LatencyRequest {
  readonly query: string;
  readonly rate: number;
  readonly seconds: number;
  readonly parallelism: number;
  readonly profile: string | undefined;
}

export interface LatencyRun extends Percentiles {
  readonly records: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly peakRssMb: number;
}

/** Time for the job to start before the first record is due. */
const START_MS = 1_000;
const WARM_UP_SECONDS = 5;

async function run({ query, rate, seconds, parallelism, profile }: LatencyRequest): Promise<LatencyRun> {
  const report = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  if (profile !== undefined) profileSlots(profile, query);
  const startAt = monotonicMs() + START_MS;
  const parameters = {
    report,
    rate,
    startAt,
    records: rate * (WARM_UP_SECONDS + seconds),
    measureFrom: startAt + WARM_UP_SECONDS * 1000,
  };
  try {
    const measured = await measureEmbedded({
      module: new URL(`../jobs/latency-${query}.ts`, import.meta.url),
      slots: parallelism,
      configuration: Object.fromEntries(
        Object.entries(parameters).map(([name, value]) => [
          `pipeline.global-job-parameters.${name}`,
          String(value),
        ]),
      ),
    });
    return { ...percentiles(report, rate * seconds), ...usage(measured) };
  } finally {
    rmSync(report, { recursive: true, force: true });
  }
}

function usage({ cpuSeconds, seconds, peakRssMb }: Awaited<ReturnType<typeof measureEmbedded>>) {
  return { cpuSeconds, seconds, peakRssMb };
}

/** @throws Error when not every record was measured */
function percentiles(folder: string, expected: number) {
  const [first, ...others] = readdirSync(folder).map((file) =>
    decodeFromCompressedBase64(readFileSync(join(folder, file), 'utf8')),
  );
  if (first === undefined) throw new Error('no sink has reported');
  for (const other of others) first.add(other);
  // The first of them may be due a rounding error before the warm-up ends.
  if (Math.abs(first.totalCount - expected) > 1)
    throw new Error(`${first.totalCount} records were measured of ${expected}`);
  return { records: first.totalCount, ...percentilesOf(first) };
}

toParent(await run(JSON.parse(process.argv[2] ?? '{}') as LatencyRequest));
