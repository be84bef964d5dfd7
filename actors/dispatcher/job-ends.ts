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

  constructor(environment: ActorEnvironment, store: JobStore, options: JobEndsOptions) {
    this.#environment = environment;
    this.#store = store;
    this.#options = options;
  }

  /** @throws what kept its end from being noted: the next leader takes it up once more, and finds that there is nothing left to do */
  async settle(ended: JobDetails): Promise<void> {
    const { logger } = this.#environment;
    try {
      await this.#store.settle(ended);
    } catch (error) {
      const { jobId } = ended;
      logger.error('the end of a job could not be noted in the metadata store', { jobId, error });
      throw error;
    }
  }

  /** Its checkpoints are gone. How it ended stays known. */
  forget(jobId: JobId): Promise<void> {
    return this.#orLog(jobId, () => this.#store.forget(jobId));
  }

  /** Nobody is to know of it any more. */
  forgetWithNote(jobId: JobId): Promise<void> {
    return this.#orLog(jobId, async () => {
      // In this order: a job without a noted end runs again.
      await this.#store.forget(jobId);
      await this.#store.ended.forget(jobId);
    });
  }

  /** What the leader of a job that has ended did not come to: otherwise its checkpoints would stay for ever. */
  async finish({ job, status }: LeftJob): Promise<void> {
    const { jobId, configuration } = job;
    const { logger, random } = this.#environment;
    try {
      const { retention, checkpointPlaces: places } = this.#options.jobSettings(configuration);
      const left = { jobId, places, keep: keepsCheckpoints(retention, status) };
      const removed = await endLeftCheckpoints(this.#environment, left, this.#options.epoch, random.hex(16));
      if (removed) await this.#store.forget(jobId);
    } catch (error) {
      logger.warn('checkpoints of an ended job are left to the next leader', { jobId, error });
    }
  }

  async #orLog(jobId: JobId, forget: () => Promise<void>): Promise<void> {
    try {
      await forget();
    } catch (error) {
      this.#environment.logger.warn('an ended job stays in the metadata store', { jobId, error });
    }
  }
}
