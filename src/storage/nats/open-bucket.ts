import { JetStreamApiError } from '@nats-io/jetstream';
import { BUCKET_OPEN_PAUSE_MS, BUCKET_OPEN_TRIES, STORE_TIMEOUT_MS } from '../../base/limits.ts';
import { type NatsStoreOptions, guarded } from './guarded.ts';

/** JSStreamSubjectOverlapErr, JSStreamNameExistErr */
const MADE_BY_ANOTHER = [10065, 10058];

/**
 * Opens a bucket, making it when it is missing. Of two nodes that make it at once, one may be refused because of the
 * other's half-made stream: it looks again.
 *
 * @throws StoreError
 */
export function openBucket<T>(options: NatsStoreOptions, what: string, open: () => Promise<T>): Promise<T> {
  return guarded(options, what, STORE_TIMEOUT_MS, async () => {
    for (let tried = 1; ; tried++) {
      try {
        return await open();
      } catch (error) {
        const raced = error instanceof JetStreamApiError && MADE_BY_ANOTHER.includes(error.code);
        if (!raced || tried >= BUCKET_OPEN_TRIES) throw error;
        await new Promise<void>((resolve) => {
          options.clock.setTimeout(resolve, BUCKET_OPEN_PAUSE_MS, what);
        });
      }
    }
  });
}
