import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobDetails } from 'millrace/cluster';
import { QUERIES } from '../../../examples/nexmark/index.ts';
import { progressToParent, toParent } from '../children.ts';
import { measureEmbedded } from '../embedded-run.ts';
import { rssMb } from './resident-set.ts';
import type { Sample } from './resident-set.ts';

export interface MemoryRequest {
  readonly bench: MemoryBench;
  readonly events: number;
  readonly seconds: number;
  readonly parallelism: number;
}

export type MemoryBench = 'q5' | 'slow-sink' | 'batch';

export interface MemoryRun {
  readonly samples: readonly Sample[];
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

/** Samples of a run of q5. */
const SAMPLES = 200;
/** Time in which the queues before a slow sink fill. */
const FILLING_SECONDS = 15;
const RECORDS_PER_SECOND = 1_000;
/** What each subtask of the batch may keep of its records. */
const BATCH_MEMORY = '64 mb';

function run(request: MemoryRequest): Promise<MemoryRun> {
  switch (request.bench) {
    case 'q5':
      return q5(request);
    case 'slow-sink':
      return slowSink(request);
    case 'batch':
      return batch(request);
  }
}

/** A sample each time so many events more were read. */
async function q5({ events, parallelism }: MemoryRequest): Promise<MemoryRun> {
  const samples: Sample[] = [];
  const every = events / SAMPLES;
  const { seconds, cpuSeconds, peakRssMb } = await measureEmbedded({
    module: QUERIES['q5']?.module ?? '',
    slots: parallelism,
    configuration: {
      'pipeline.global-job-parameters.events': String(events),
      // Without it a source whose thread gets less time falls behind, and windows wait for it.
      'pipeline.global-job-parameters.maxDrift': '60 s',
    },
    onUpdate: (job) => {
      const at = recordsRead(job);
      if (at < (samples.at(-1)?.at ?? 0) + every) return;
      sample(samples, at, (n) => `${Math.round(n / 1e6)} M events`);
    },
  });
  return { samples, seconds, cpuSeconds, peakRssMb };
}

/** A sample each half second, of a sort that does not fit into its memory */
async function batch({ events, parallelism }: MemoryRequest): Promise<MemoryRun> {
  const samples: Sample[] = [];
  const start = performance.now();
  const report = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const timer = setInterval(() => {
    sample(samples, Math.round(performance.now() - start) / 1000, (n) => `${Math.round(n)} s`);
  }, 500);
  try {
    const { seconds, cpuSeconds, peakRssMb } = await measureEmbedded({
      module: new URL('../jobs/batch-sort.ts', import.meta.url),
      slots: parallelism,
      configuration: {
        'execution.sorted-inputs.memory': BATCH_MEMORY,
        'pipeline.global-job-parameters.records': String(events),
        'pipeline.global-job-parameters.report': report,
      },
    });
    return { samples, seconds, cpuSeconds, peakRssMb };
  } finally {
    clearInterval(timer);
    rmSync(report, { recursive: true });
  }
}

/** A sample each second, from when the queues are full. @throws Error when sources were not held back most of the time */
async function slowSink({ seconds: measured, parallelism }: MemoryRequest): Promise<MemoryRun> {
  const samples: Sample[] = [];
  const start = performance.now();
  const timer = setInterval(() => {
    const at = Math.round((performance.now() - start) / 1000) - FILLING_SECONDS;
    if (at >= 0) sample(samples, at, (n) => `${n} s`);
  }, 1000);
  try {
    const { job, seconds, cpuSeconds, peakRssMb } = await measureEmbedded({
      module: new URL('../jobs/slow-sink.ts', import.meta.url),
      slots: parallelism,
      configuration: { 'pipeline.global-job-parameters.rate': String(RECORDS_PER_SECOND) },
      cancelAfterMs: (FILLING_SECONDS + measured) * 1000,
    });
    const source = job.vertices[0]?.subtasks ?? [];
    const held = Math.min(...source.map(({ counters }) => counters?.backPressuredMs ?? 0));
    if (held < measured * 500) throw new Error(`the source was held back for ${Math.round(held)} ms only`);
    return { samples, seconds, cpuSeconds, peakRssMb };
  } finally {
    clearInterval(timer);
  }
}

function sample(samples: Sample[], at: number, say: (at: number) => string): void {
  const rss = rssMb();
  samples.push({ at, rssMb: rss });
  progressToParent(`${say(at)}: ${Math.round(rss)} MB`);
}

function recordsRead(job: JobDetails): number {
  const subtasks = job.vertices[0]?.subtasks ?? [];
  return subtasks.reduce((sum, { counters }) => sum + (counters?.numRecordsIn ?? 0), 0);
}

toParent(await run(JSON.parse(process.argv[2] ?? '{}') as MemoryRequest));
