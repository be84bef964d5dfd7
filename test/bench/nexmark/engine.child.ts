import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobDetails } from 'millrace/cluster';
import { QUERIES } from '../../../examples/nexmark/index.ts';
import { toParent } from '../children.ts';
import { measureEmbedded } from '../embedded-run.ts';
import { profileSlots } from '../profile/profile-slots.ts';

/** What one run of a query in the engine was asked for. */
export interface EngineRequest {
  readonly query: string;
  readonly events: number;
  readonly parallelism: number;
  readonly state: string | undefined;
  /** Slots write their CPU profiles here. */
  readonly profile: string | undefined;
}

export interface EngineRun {
  readonly rows: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

async function run({ query, events, parallelism, state, profile }: EngineRequest): Promise<EngineRun> {
  const module = QUERIES[query]?.module;
  if (module === undefined) throw new Error(`there is no query "${query}"`);
  const output = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  if (profile !== undefined) profileSlots(profile, query);
  try {
    const { job, ...measured } = await measureEmbedded({
      module,
      slots: parallelism,
      configuration: {
        'pipeline.global-job-parameters.events': String(events),
        'pipeline.global-job-parameters.output': output,
        ...(state === undefined ? {} : { 'state.backend.type': state }),
      },
    });
    // The sink of q10 is also told of each minute that is complete.
    const minutes = query === 'q10' ? minutesIn(output) : 0;
    return { ...measured, rows: written(job) - minutes };
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

/** Records that the sink has taken: it is the last vertex, and nothing else leaves that. */
function written(job: JobDetails): number {
  const last = job.vertices.at(-1);
  if (!/discard|csv files/.test(last?.name ?? '')) throw new Error(`"${last?.name}" is not the sink`);
  return (last?.subtasks ?? []).reduce((sum, { counters }) => sum + (counters?.numRecordsOut ?? 0), 0);
}

function minutesIn(output: string): number {
  return readdirSync(output).reduce((sum, day) => sum + readdirSync(join(output, day)).length, 0);
}

toParent(await run(JSON.parse(process.argv[2] ?? '{}') as EngineRequest));
