import { NotFoundError } from '../../src/base/errors.ts';
import type { JobId } from '../../src/base/ids.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import type { JobManagerHandle } from '../job-manager/job-manager-options.ts';
import type { PersistedJob } from './dispatcher.machine.ts';
import type { JobEnds } from './job-ends.ts';
import type { JobLauncher, LaunchOrigin, PreparedJob } from './job-launcher.ts';

/** A job that has not ended. */
export interface RunningJob {
  readonly prepared: PreparedJob;
  readonly logToken: string;
  readonly jobManager: JobManagerHandle;
}

/** The job-managers of this leader: of jobs that run, and of jobs that have ended and are kept for clients. */
export class JobManagers {
  readonly #launcher: JobLauncher;
  readonly #ends: JobEnds;
  readonly #onEnded: (job: JobDetails) => void;
  readonly #all = new Map<JobId, JobManagerHandle>();
  readonly #running = new Map<JobId, RunningJob>();
  #isStopped = false;

  /** @param onEnded called within the job-manager's transition */
  constructor(launcher: JobLauncher, ends: JobEnds, onEnded: (job: JobDetails) => void) {
    this.#launcher = launcher;
    this.#ends = ends;
    this.#onEnded = onEnded;
  }

  /** Starts the job-manager of a job; one that it had before must have stopped. */
  start(prepared: PreparedJob, origin: Omit<LaunchOrigin, 'onEnded' | 'onCheckpointsRemoved'>): void {
    const { jobId } = prepared.job;
    const jobManager = this.#launcher.start(prepared, {
      ...origin,
      onEnded: (ended) => {
        this.#onEnded(ended);
        this.#running.delete(jobId);
        return this.#ends.settle(ended);
      },
      onCheckpointsRemoved: () => void this.#ends.checkpointsRemoved(jobId),
    });
    this.#all.set(jobId, jobManager);
    this.#running.set(jobId, { prepared, logToken: origin.logToken, jobManager });
  }

  get(jobId: JobId): JobManagerHandle | undefined {
    return this.#all.get(jobId);
  }

  all(): Iterable<JobManagerHandle> {
    return this.#all.values();
  }

  /** Jobs that have not ended. */
  get running(): ReadonlyMap<JobId, RunningJob> {
    return this.#running;
  }

  /** @throws NotFoundError */
  runningJob(jobId: JobId): RunningJob {
    const running = this.#running.get(jobId);
    if (running === undefined) throw new NotFoundError(`job ${jobId} does not run`);
    return running;
  }

  /** A job that runs is kept otherwise than before. */
  keptAs(job: PersistedJob): void {
    const running = this.#running.get(job.jobId);
    if (running === undefined) return;
    this.#running.set(job.jobId, { ...running, prepared: { ...running.prepared, job } });
  }

  /** Nobody asks about this job any more. */
  forget(jobId: JobId): void {
    this.#all.get(jobId)?.stop();
    this.#all.delete(jobId);
  }

  /** The next leader has the jobs. */
  stopAll(): void {
    this.#isStopped = true;
    for (const jobManager of this.#all.values()) jobManager.stop();
    this.#all.clear();
    this.#running.clear();
  }

  /** Whether no job may be started any more. */
  get isStopped(): boolean {
    return this.#isStopped;
  }
}
