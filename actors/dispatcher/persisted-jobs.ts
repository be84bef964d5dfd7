import { z } from 'zod';
import { ExternalError, NotFoundError } from '../../src/base/errors.ts';
import type { Epoch, JobId } from '../../src/base/ids.ts';
import type { MetadataStore } from '../../src/ports/stores.ts';
import { resourceRequirements } from '../../src/protocol/rescaling.ts';
import * as s from '../../src/protocol/schema.ts';
import { DeposedError } from '../leader-election/epochs.ts';
import type { PersistedJob } from './dispatcher.machine.ts';

const PREFIX = 'jobs.';

const entrySchema = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('open'),
    /** Of the leader that runs it. */
    epoch: s.epoch,
    jobId: s.jobId,
    moduleSha256: s.sha256,
    configuration: s.configuration,
    submittedAt: s.instant,
    requirements: resourceRequirements.optional(),
  }),
  /** Ended, and about to be removed: nobody takes it up any more. */
  z.object({ state: z.literal('ended') }),
]);
type Entry = z.infer<typeof entrySchema>;

/** A job of the metadata store, with the epoch of the leader that took it up last. */
export type FoundJob = PersistedJob & { readonly epoch: Epoch };

/**
 * Keeps a job until it has ended, so that the next leader finds it, and says whose it is. Every change is a compare-and-set, so that a
 * leader that was deposed and does not know it neither takes a job back nor ends it.
 * @param isNew submitted now: there may be no entry yet
 * @throws DeposedError when a later leader has it, NotFoundError when it has ended
 */
export async function takeUpJob(
  metadata: MetadataStore,
  job: PersistedJob,
  epoch: Epoch,
  isNew: boolean,
): Promise<void> {
  const key = PREFIX + job.jobId;
  await compareAndSet(metadata, key, (present) => {
    if (present === undefined ? !isNew : present.state === 'ended')
      throw new NotFoundError(`job ${job.jobId} has ended`);
    if (present?.state === 'open' && present.epoch > epoch) throw new DeposedError(epoch, present.epoch);
    return { state: 'open', epoch, ...job };
  });
}

/** @throws DeposedError when a later leader has taken it up */
export async function forgetPersistedJob(metadata: MetadataStore, jobId: JobId, epoch: Epoch): Promise<void> {
  const key = PREFIX + jobId;
  const found = await compareAndSet(metadata, key, (present) => {
    if (present === undefined) return undefined;
    if (present.state === 'open' && present.epoch > epoch) throw new DeposedError(epoch, present.epoch);
    return { state: 'ended' };
  });
  if (found) await metadata.delete(key);
}

/** All jobs that have not ended; removes what was left of others. @throws ExternalError naming an entry that cannot be read */
export async function readPersistedJobs(metadata: MetadataStore): Promise<FoundJob[]> {
  const jobs: FoundJob[] = [];
  for (const key of await metadata.keys(PREFIX)) {
    const found = await read(metadata, key);
    if (found?.entry.state === 'ended') await metadata.delete(key);
    if (found?.entry.state !== 'open') continue;
    const { state: _, ...job } = found.entry;
    jobs.push(job);
  }
  return jobs.sort((a, b) => a.submittedAt - b.submittedAt);
}

async function read(
  metadata: MetadataStore,
  key: string,
): Promise<{ readonly entry: Entry; readonly revision: number } | undefined> {
  const found = await metadata.get(key);
  if (found === undefined) return undefined;
  try {
    const entry = entrySchema.parse(JSON.parse(new TextDecoder().decode(found.value)));
    return { entry, revision: found.revision };
  } catch (error) {
    throw new ExternalError(`entry "${key}" of the metadata store is not a job: remove it or repair it`, {
      cause: error,
    });
  }
}

const TRIES = 20;

/** @param change of what is there; undefined: nothing is written @returns whether something was */
async function compareAndSet(
  metadata: MetadataStore,
  key: string,
  change: (present: Entry | undefined) => Entry | undefined,
): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    const present = await read(metadata, key);
    const next = change(present?.entry);
    if (next === undefined) return false;
    const value = new TextEncoder().encode(JSON.stringify(next));
    const written =
      present === undefined
        ? await metadata.create(key, value)
        : await metadata.update(key, value, present.revision);
    if (written) return true;
  }
  throw new ExternalError(`entry "${key}" of the metadata store changes all the time`);
}
