import type { Epoch, JobId } from '../../src/base/ids.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import { endLeftCheckpoints } from '../job-manager/checkpoint-coordinator/left-checkpoints.ts';
import { keepsCheckpoints } from '../job-manager/job-manager-options.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import type { JobSettings } from './job-settings.ts';
import type { JobStore, LeftJob } from './job-store.ts';

export interface JobEndsOptions {
  readonly epoch: Epoch;
  jobSettings(configuration: Readonly<Record<string, string>>): JobSettings;
}

/** What is left to do of a job that has ended: its end is noted, then its checkpoints go, then it is forgotten. */
export class JobEnds {
  readonly #environment: ActorEnvironment;
  readonly #store: JobStore;
  readonly #options: JobEndsOptions;
  /** Jobs that have ended, with checkpoints that are not gone yet: their entries and ends stay for the next leader. */
  readonly #unfinished = new Set<JobId>();
  /** Of these, jobs that nobody is to know of after that. */
  readonly #unwanted = new Set<JobId>();

  constructor(environment: ActorEnvironment, store: JobStore, options: JobEndsOptions) {
    this.#environment = environment;
    this.#store = store;
    this.#options = options;
  }

  /** @throws what kept its end from being noted: the next leader takes it up once more, and finds that there is nothing left to do */
  async settle(ended: JobDetails): Promise<void> {
    const { logger } = this.#environment;
    const { jobId } = ended;
    this.#unfinished.add(jobId);
    try {
      await this.#store.settle(ended);
    } catch (error) {
      logger.error('the end of a job could not be noted in the metadata store', { jobId, error });
      throw error;
    }
  }

  /** Its checkpoints are gone: it is forgotten. How it ended stays known as long as somebody may ask. */
  async checkpointsRemoved(jobId: JobId): Promise<void> {
    this.#unfinished.delete(jobId);
    if (this.#unwanted.delete(jobId)) return this.#forgetWithEnd(jobId);
    await this.#orLog(jobId, () => this.#store.forget(jobId));
  }

  /** Nobody asks how it ended any more. */
  async forgetEnd(jobId: JobId): Promise<void> {
    if (this.#unfinished.has(jobId)) this.#unwanted.add(jobId);
    else await this.#forgetWithEnd(jobId);
  }

  /** What the leader of a job that has ended did not come to: otherwise its checkpoints would stay for ever. */
  async finish({ job, status }: LeftJob): Promise<void> {
    const { jobId, configuration } = job;
    const { logger, random } = this.#environment;
    this.#unfinished.add(jobId);
    try {
      const { retention, checkpointPlaces: places } = this.#options.jobSettings(configuration);
      const left = { jobId, places, keep: keepsCheckpoints(retention, status) };
      const removed = await endLeftCheckpoints(this.#environment, left, this.#options.epoch, random.hex(16));
      if (removed) await this.checkpointsRemoved(jobId);
    } catch (error) {
      logger.warn('checkpoints of an ended job are left to the next leader', { jobId, error });
    }
  }

  #forgetWithEnd(jobId: JobId): Promise<void> {
    return this.#orLog(jobId, async () => {
      // In this order: a job without a noted end runs again.
      await this.#store.forget(jobId);
      await this.#store.ended.forget(jobId);
    });
  }

  async #orLog(jobId: JobId, forget: () => Promise<void>): Promise<void> {
    try {
      await forget();
    } catch (error) {
      this.#environment.logger.warn('an ended job stays in the metadata store', { jobId, error });
    }
  }
}
