import { z } from 'zod';
import type { SerializedError } from '../../src/base/errors.ts';
import type { Epoch, JobId } from '../../src/base/ids.ts';
import { ENDED_JOB_MESSAGE_CHARS } from '../../src/base/limits.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { MetadataStore } from '../../src/ports/stores.ts';
import { jobDetails } from '../../src/protocol/job-status.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import * as s from '../../src/protocol/schema.ts';

const PREFIX = 'ended.';

/** With the epoch of the leader that says so. */
const entrySchema = z.object({ epoch: s.epoch, job: jobDetails });

/**
 * How jobs ended, kept in the metadata store: a submission that comes again, since its answer was lost, must not run the job once more
 * under the next leader, and whoever waits for the job hears from that one how it ended. Of a job's subtasks nothing is kept.
 */
export class EndedJobs {
  readonly #metadata: MetadataStore;
  readonly #logger: Logger;
  /** Those that ended under leaders before. */
  readonly #before = new Map<JobId, { readonly epoch: Epoch; readonly job: JobDetails }>();

  constructor(metadata: MetadataStore, logger: Logger) {
    this.#metadata = metadata;
    this.#logger = logger;
  }

  /** Reads what leaders before have kept. An entry that cannot be read is logged, and left. */
  async load(): Promise<void> {
    const found: z.infer<typeof entrySchema>[] = [];
    for (const key of await this.#metadata.keys(PREFIX)) {
      const entry = await this.#metadata.get(key);
      const parsed = entrySchema.safeParse(entry === undefined ? undefined : parse(entry.value));
      if (parsed.success) found.push(parsed.data);
      else this.#logger.warn('an ended job cannot be read from the metadata store', { key });
    }
    found.sort((a, b) => (a.job.endedAt ?? 0) - (b.job.endedAt ?? 0));
    for (const entry of found) this.#before.set(entry.job.jobId, entry);
  }

  /** The job does not run again, whoever leads. */
  async add(job: JobDetails, epoch: Epoch): Promise<void> {
    const { failure, ...rest } = job;
    const kept: JobDetails = {
      ...rest,
      vertices: [],
      results: 0,
      ...(failure === undefined ? {} : { failure: shortened(failure) }),
    };
    await this.#metadata.put(
      PREFIX + job.jobId,
      new TextEncoder().encode(JSON.stringify({ epoch, job: kept })),
    );
  }

  async forget(jobId: JobId): Promise<void> {
    this.#before.delete(jobId);
    await this.#metadata.delete(PREFIX + jobId);
  }

  /** One that ended under a leader before. */
  find(jobId: JobId): JobDetails | undefined {
    return this.#before.get(jobId)?.job;
  }

  /** Under which epoch it ended, if it did under a leader before. */
  epochOf(jobId: JobId): Epoch | undefined {
    return this.#before.get(jobId)?.epoch;
  }

  /** Those that ended under leaders before, the oldest first. */
  all(): readonly JobDetails[] {
    return [...this.#before.values()].map(({ job }) => job);
  }
}

/** Stores bound their values: the messages say what a person needs. */
function shortened({ name, message, domain, retryable, cause }: SerializedError): SerializedError {
  return {
    name,
    message: message.slice(0, ENDED_JOB_MESSAGE_CHARS),
    domain,
    retryable,
    ...(cause === undefined ? {} : { cause: shortened(cause) }),
  };
}

function parse(value: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(value));
  } catch {
    return undefined;
  }
}
