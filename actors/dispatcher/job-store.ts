import { NotFoundError } from '../../src/base/errors.ts';
import type { Epoch, JobId } from '../../src/base/ids.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { MetadataStore } from '../../src/ports/stores.ts';
import type { JobDetails, JobStatus } from '../../src/protocol/job-status.ts';
import { DeposedError, checkLeads } from '../leader-election/epochs.ts';
import type { PersistedJob } from './dispatcher.machine.ts';
import { EndedJobs } from './ended-jobs.ts';
import { forgetPersistedJob, readPersistedJobs, takeUpJob } from './persisted-jobs.ts';

/** A job that has ended, with checkpoints that may be left. */
export interface LeftJob {
  readonly job: PersistedJob;
  readonly status: JobStatus;
}

/**
 * What leaders hand on to each other: the jobs that are to run, and how others ended. A leader that was deposed, and does not know it,
 * changes nothing here.
 *
 * - A job is taken up under the leader's epoch before it runs, and only by a later leader after that.
 * - A job ends under its leader's epoch, by one that leads: what fails since the next leader has taken the TaskManagers is no end.
 * - A job that has ended is forgotten once its checkpoints are removed, the log of decisions last. Until then its entry and its noted end
 *   are there together, and tell the next leader to remove what was left.
 */
export class JobStore {
  readonly ended: EndedJobs;
  readonly #metadata: MetadataStore;
  readonly #epoch: Epoch;
  readonly #logger: Logger;
  /** Ended under this leader, and not forgotten yet. */
  readonly #settled = new Set<JobId>();

  constructor(metadata: MetadataStore, epoch: Epoch, logger: Logger) {
    this.#metadata = metadata;
    this.#epoch = epoch;
    this.#logger = logger;
    this.ended = new EndedJobs(metadata, logger);
  }

  /**
   * @returns the jobs that are to run, in the order of their submission, and those that have ended and whose leader did not come to
   * forget them
   */
  async recover(): Promise<{ readonly jobs: readonly PersistedJob[]; readonly left: readonly LeftJob[] }> {
    await this.ended.load();
    const jobs: PersistedJob[] = [];
    const left: LeftJob[] = [];
    for (const { epoch, ...job } of await readPersistedJobs(this.#metadata)) {
      const endedUnder = this.ended.epochOf(job.jobId);
      const ended = this.ended.find(job.jobId);
      if (ended !== undefined && endedUnder !== undefined && endedUnder >= epoch)
        left.push({ job, status: ended.status });
      else {
        // Said by a leader that was deposed by then.
        if (endedUnder !== undefined) await this.ended.forget(job.jobId);
        jobs.push(job);
      }
    }
    return { jobs, left };
  }

  /** Makes a job this leader's. @throws DeposedError, NotFoundError when it has ended */
  async takeUp(job: PersistedJob, isNew: boolean): Promise<void> {
    if (this.#settled.has(job.jobId)) throw new NotFoundError(`job ${job.jobId} has ended`);
    await takeUpJob(this.#metadata, job, this.#epoch, isNew);
    if (!isNew) return;
    try {
      // The next leader may have looked for jobs before this one was there.
      await checkLeads(this.#metadata, this.#epoch);
    } catch (error) {
      await this.forget(job.jobId);
      throw error;
    }
  }

  /** Notes for good that a job has ended; it is to be forgotten once its checkpoints are removed. @throws DeposedError when it is another leader's by now */
  async settle(ended: JobDetails): Promise<void> {
    await checkLeads(this.#metadata, this.#epoch);
    this.#settled.add(ended.jobId);
    await this.ended.add(ended, this.#epoch);
  }

  /** A job that never ran, or has ended. One that a later leader has stays. */
  async forget(jobId: JobId): Promise<void> {
    try {
      await forgetPersistedJob(this.#metadata, jobId, this.#epoch);
      this.#settled.delete(jobId);
    } catch (error) {
      if (!(error instanceof DeposedError)) throw error;
      this.#logger.info('a job is left to the next leader', { jobId });
    }
  }
}
