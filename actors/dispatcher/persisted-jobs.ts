import { z } from 'zod';
import { ExternalError } from '../../src/base/errors.ts';
import type { JobId } from '../../src/base/ids.ts';
import type { MetadataStore } from '../../src/ports/stores.ts';
import * as s from '../../src/protocol/schema.ts';
import type { PersistedJob } from './dispatcher.machine.ts';

const PREFIX = 'jobs.';

const persistedJob = z.object({
  jobId: s.jobId,
  moduleSha256: s.sha256,
  configuration: s.configuration,
  submittedAt: s.instant,
});

/** Keeps a job until it has ended, so that the next leader finds it. */
export async function persistJob(metadata: MetadataStore, job: PersistedJob): Promise<void> {
  await metadata.put(PREFIX + job.jobId, new TextEncoder().encode(JSON.stringify(job)));
}

export async function forgetPersistedJob(metadata: MetadataStore, jobId: JobId): Promise<void> {
  await metadata.delete(PREFIX + jobId);
}

/** All jobs that have not ended. @throws ExternalError naming the key of an entry that cannot be read. */
export async function readPersistedJobs(metadata: MetadataStore): Promise<PersistedJob[]> {
  const jobs: PersistedJob[] = [];
  for (const key of await metadata.keys(PREFIX)) {
    const entry = await metadata.get(key);
    if (entry === undefined) continue;
    try {
      jobs.push(persistedJob.parse(JSON.parse(new TextDecoder().decode(entry.value))));
    } catch (error) {
      throw new ExternalError(`entry "${key}" of the metadata store is not a job: remove it or repair it`, {
        cause: error,
      });
    }
  }
  return jobs.sort((a, b) => a.submittedAt - b.submittedAt);
}
