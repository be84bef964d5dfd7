import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { runJobEmbedded } from '../run-job.ts';

const MODULE = new URL('../jobs/file-lines.ts', import.meta.url);
const RECORDS = 10_000_000;

export const fileSinkNone: Bench = {
  name: 'file-sink-none',
  title: 'lines of JSON into files, one slot, without checkpoints: files are named when the input has ended',
  records: RECORDS,
  run: (records) => runJobEmbedded({ module: MODULE, records, parallelism: 1 }),
};

export const fileSinkAtLeastOnce: Bench = {
  name: 'file-sink-at-least-once',
  title: 'the same at least once, with a checkpoint every second that ends a file and names it',
  records: RECORDS,
  run: (records) => withCheckpoints(records, 'AT_LEAST_ONCE'),
};

export const fileSink: Bench = {
  name: 'file-sink',
  title: 'the same exactly once, with a checkpoint every second that ends a file and names the one before',
  records: RECORDS,
  comparedWith: { bench: 'file-sink-at-least-once', floor: 0.9 },
  run: (records) => withCheckpoints(records, 'EXACTLY_ONCE'),
};

async function withCheckpoints(records: number, guarantee: string): ReturnType<Bench['run']> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    return await runJobEmbedded({
      module: MODULE,
      records,
      parallelism: 1,
      configuration: {
        'execution.checkpointing.interval': '1 s',
        'execution.checkpointing.dir': directory,
        'pipeline.global-job-parameters.guarantee': guarantee,
      },
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
