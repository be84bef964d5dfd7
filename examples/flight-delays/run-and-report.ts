import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JobDetails } from 'millrace/cluster';
import { Progress } from './progress.ts';
import { report } from './report.ts';

/** Rows of flights-3m.parquet. */
const FLIGHTS = 3_000_000;

/** Runs the job in an embedded cluster on all cores; returns the exit code. */
export async function runAndReport(module: URL): Promise<number> {
  // Here and not above: whoever loads the job alone needs no cluster.
  const { Configuration, runEmbedded } = await import('millrace/cluster');
  const input = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')));
  const output = resolve('out');
  const configuration = Configuration.of([
    ['pipeline.global-job-parameters.input', input],
    ['pipeline.global-job-parameters.output', output],
  ]);
  console.log(`Reading ${input}`);
  const progress = new Progress(FLIGHTS);
  const { job } = await runEmbedded(module, {
    configuration,
    onUpdate: (update) => progress.update(flightsRead(update), update.status),
  });
  progress.end(flightsRead(job), job.status);
  if (job.status !== 'FINISHED') {
    console.error(`The job ended ${job.status}: ${job.failure?.message ?? 'no reason was given'}`);
    return 1;
  }
  console.log(`\n${await report(output)}`);
  return 0;
}

/** Records that the source's vertex has emitted: the one that receives none. */
function flightsRead({ vertices }: JobDetails): number {
  const [source] = vertices;
  return (source?.subtasks ?? []).reduce((sum, { counters }) => sum + (counters?.numRecordsOut ?? 0), 0);
}
