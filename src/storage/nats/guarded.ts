import { DeadlineExceededError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { TransportDisconnectedError } from '../../transport/errors.ts';
import type { NatsTransport } from '../../transport/nats/nats-transport.ts';
import { StoreError } from '../errors.ts';

/** What a store over NATS needs to be opened. */
export interface NatsStoreOptions {
  readonly transport: NatsTransport;
  readonly clock: Clock;
  /** Name of the bucket, of [A-Za-z0-9_-]; made when missing. */
  readonly bucket: string;
  /** Copies that JetStream keeps; 3 or 5 for high availability. Default 1. Only used when the bucket is made. */
  readonly replicas?: number;
}

/**
 * Runs an operation of the client with a deadline, and not at all while disconnected: the client would hold it back
 * and could perform it after its caller has given up.
 *
 * @throws StoreError
 */
export async function guarded<T>(
  { transport, clock }: NatsStoreOptions,
  what: string,
  timeoutMs: number,
  act: () => Promise<T>,
): Promise<T> {
  if (!transport.connected) throw new StoreError(what, new TransportDisconnectedError('NATS'));
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = clock.setTimeout(
    () => reject(new DeadlineExceededError(`no answer within ${timeoutMs} ms`)),
    timeoutMs,
    what,
  );
  try {
    return await Promise.race([act(), expired]);
  } catch (cause) {
    throw new StoreError(what, cause);
  } finally {
    clock.clearTimeout(timer);
  }
}
