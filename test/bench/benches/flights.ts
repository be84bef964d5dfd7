import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Configuration, runEmbedded } from 'millrace/cluster';
import type { Bench } from '../bench.ts';
import { cpuSeconds, peakRssMb } from '../measure.ts';

/** Rows of flights-3m.parquet. */
const FLIGHTS = 3_000_000;
const MODULE = new URL('../../../examples/01-flight-delays.ts', import.meta.url);

export const flights: Bench = {
  name: 'flights',
  title: 'delays of three million flights (examples/01), on all cores, from submission to end',
  run: async () => {
    const output = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
    const input = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')));
    try {
      const cpu = cpuSeconds();
      const { job } = await runEmbedded(MODULE, {
        configuration: Configuration.of([
          ['pipeline.global-job-parameters.input', input],
          ['pipeline.global-job-parameters.output', output],
        ]),
      });
      if (job.status !== 'FINISHED' || job.endedAt === undefined) {
        throw new Error(`the job ended ${job.status}: ${job.failure?.message ?? ''}`);
      }
      return {
        records: FLIGHTS,
        seconds: (job.endedAt - job.submittedAt) / 1000,
        cpuSeconds: cpuSeconds() - cpu,
        peakRssMb: peakRssMb(),
      };
    } finally {
      rmSync(output, { recursive: true, force: true });
    }
  },
};
