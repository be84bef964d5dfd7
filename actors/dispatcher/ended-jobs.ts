import type { SerializedError } from '../../src/base/errors.ts';
import type { JobId } from '../../src/base/ids.ts';
import { ENDED_JOB_MESSAGE_CHARS } from '../../src/base/limits.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { MetadataStore } from '../../src/ports/stores.ts';
import { jobDetails } from '../../src/protocol/job-status.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';

const PREFIX = 'ended.';

/**
 * How jobs ended, kept in the metadata store: a submission that comes again, since its answer was lost, must not run the job once more
 * under the next leader, and whoever waits for the job hears from that one how it ended. Of a job's subtasks nothing is kept.
 */
export class EndedJobs {
  readonly #metadata: MetadataStore;
  readonly #logger: Logger;
  /** Those that ended under leaders before. */
  readonly #before = new Map<JobId, JobDetails>();

  constructor(metadata: MetadataStore, logger: Logger) {
    this.#metadata = metadata;
    this.#logger = logger;
  }

  /** Reads what leaders before have kept; the oldest first. An entry that cannot be read is logged, and left. */
  async load(): Promise<readonly JobDetails[]> {
    const found: JobDetails[] = [];
    for (const key of await this.#metadata.keys(PREFIX)) {
      const entry = await this.#metadata.get(key);
      const parsed = jobDetails.safeParse(entry === undefined ? undefined : parse(entry.value));
      if (parsed.success) found.push(parsed.data);
      else this.#logger.warn('an ended job cannot be read from the metadata store', { key });
    }
    const ordered = found.toSorted((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
    for (const job of ordered) this.#before.set(job.jobId, job);
    return ordered;
  }

  /** The job does not run again, whoever leads. */
  async add(job: JobDetails): Promise<void> {
    const { failure, ...rest } = job;
    const kept: JobDetails = {
      ...rest,
      vertices: [],
      results: 0,
      ...(failure === undefined ? {} : { failure: shortened(failure) }),
    };
    await this.#metadata.put(PREFIX + job.jobId, new TextEncoder().encode(JSON.stringify(kept)));
  }

  async forget(jobId: JobId): Promise<void> {
    this.#before.delete(jobId);
    await this.#metadata.delete(PREFIX + jobId);
  }

  /** One that ended under a leader before. */
  find(jobId: JobId): JobDetails | undefined {
    return this.#before.get(jobId);
  }

  /** Those that ended under leaders before. */
  all(): Iterable<JobDetails> {
    return this.#before.values();
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
