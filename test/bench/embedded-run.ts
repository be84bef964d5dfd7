import { Configuration, MiniCluster, prepareJob } from 'millrace/cluster';
import type { ClusterEvent, JobDetails } from 'millrace/cluster';
import { cpuSeconds, peakRssMb } from './measure.ts';

/** A job that ran to its end in a cluster of this process. */
export interface EmbeddedMeasurement {
  readonly job: JobDetails;
  /** From the first subtask that ran to the end of the last. */
  readonly seconds: number;
  /** CPU time of the whole process meanwhile, in seconds. */
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

export interface EmbeddedJob {
  readonly module: URL | string;
  readonly slots: number;
  readonly configuration: Readonly<Record<string, string>>;
  /** Called with each new state of the job, some times a second. */
  readonly onUpdate?: (job: JobDetails) => void;
  /** A job without end is canceled so long after its submission. */
  readonly cancelAfterMs?: number;
}

interface Moment {
  readonly at: number;
  readonly cpu: number;
}

const now = (): Moment => ({ at: performance.now(), cpu: cpuSeconds() });

/** Runs any job, as it is, and measures it by the state transitions that the cluster announces. @throws when it fails */
export async function measureEmbedded(options: EmbeddedJob): Promise<EmbeddedMeasurement> {
  const { module, slots, configuration, onUpdate, cancelAfterMs } = options;
  const all = Configuration.of(Object.entries({ 'parallelism.default': String(slots), ...configuration }));
  const prepared = await prepareJob(module, all);
  const cluster = await MiniCluster.start({
    configuration: all.with(Configuration.of([['taskmanager.numberOfTaskSlots', String(slots)]])),
  });
  const end = cancelAfterMs === undefined ? 'FINISHED' : 'CANCELED';
  let first: Moment | undefined;
  let last: Moment | undefined;
  const { transport, subjects } = cluster.environment;
  const events = transport.subscribe(subjects.allEvents(), ({ payload }) => {
    const event = JSON.parse(new TextDecoder().decode(payload)) as ClusterEvent;
    if (event.type !== 'executionStateChanged') return;
    if (event.to === 'RUNNING') first ??= now();
    if (event.to === end) last = now();
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const sha256 = await cluster.artifacts.put(prepared.bundle.source);
    const jobId = cluster.client.newJobId();
    const submission = { jobId, module: { sha256 }, configuration: all.toRecord() };
    if (cancelAfterMs !== undefined)
      timer = setTimeout(() => void cluster.client.cancel(jobId), cancelAfterMs);
    const job = await cluster.client.execute(submission, onUpdate);
    if (job.status !== end) throw new Error(`the job ended ${job.status}: ${reasons(job.failure)}`);
    if (first === undefined || last === undefined) throw new Error('no subtask was seen to run');
    return {
      job,
      seconds: (last.at - first.at) / 1000,
      cpuSeconds: last.cpu - first.cpu,
      peakRssMb: peakRssMb(),
    };
  } finally {
    clearTimeout(timer);
    events.close();
    await cluster.stop();
  }
}

/** Messages of an error and of what caused it. */
function reasons(failure: JobDetails['failure']): string {
  const messages: string[] = [];
  for (let error = failure; error !== undefined; error = error.cause) messages.push(error.message);
  return messages.join('; because ');
}
