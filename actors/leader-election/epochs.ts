import { ExternalError } from '../../src/base/errors.ts';
import type { Epoch } from '../../src/base/ids.ts';
import type { MetadataStore } from '../../src/ports/stores.ts';

const KEY = 'epoch';
const CLAIM_TRIES = 20;

/** Another JobManager leads: what this one still does is void. */
export class DeposedError extends ExternalError {
  constructor(own: Epoch, present: Epoch) {
    super(`another JobManager leads now (epoch ${present}, this one's is ${own}): ask that one`);
  }
}

/** Takes the next epoch by compare-and-set: two JobManagers never lead under the same one. */
export async function claimEpoch(metadata: MetadataStore): Promise<Epoch> {
  const encode = (epoch: number): Uint8Array => new TextEncoder().encode(String(epoch));
  for (let tries = 0; tries < CLAIM_TRIES; tries++) {
    const present = await metadata.get(KEY);
    const next = present === undefined ? 1 : Number(new TextDecoder().decode(present.value)) + 1;
    const claimed =
      present === undefined
        ? await metadata.create(KEY, encode(next))
        : await metadata.update(KEY, encode(next), present.revision);
    if (claimed) return next as Epoch;
  }
  throw new ExternalError('no epoch could be claimed: too many JobManagers start at once');
}

/** @throws DeposedError when a later leader has claimed its epoch */
export async function checkLeads(metadata: MetadataStore, own: Epoch): Promise<void> {
  const entry = await metadata.get(KEY);
  const present = Number(new TextDecoder().decode(entry?.value)) as Epoch;
  if (entry !== undefined && present > own) throw new DeposedError(own, present);
}
