import { createInbox, headers, nuid } from '@nats-io/nats-core';
import type { Msg, NatsConnection } from '@nats-io/nats-core';
import { ExternalError, UserError } from '../../base/errors.ts';
import { JETSTREAM_ACK_TIMEOUT_MS } from '../../base/limits.ts';
import { COMMIT_HEADER } from './commit-markers.ts';
import { RECORDS_HEADER } from './record-pack.ts';
import type { StagedMessage } from './staged-chunk.ts';

const NO_RESPONDERS = 503;

/** The last message of a batch. */
export interface BatchMarker {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Sequence of the last message on that subject, 0 for none: the whole batch is refused when it is another one. */
  readonly expectedSequence: number;
  /** Whether it has to be told to stay where other messages age out. */
  readonly neverExpires: boolean;
}

interface Ack {
  readonly seq?: number;
  readonly error?: { readonly description?: string; readonly err_code?: number };
}

/**
 * Stores all messages and the marker, or nothing. Returns the marker's sequence.
 * @throws ExternalError when it was refused, or when nobody said whether it was stored
 */
export async function publishBatch(
  connection: NatsConnection,
  messages: readonly StagedMessage[],
  marker: BatchMarker,
): Promise<number> {
  const batchId = nuid.next();
  const inbox = createInbox();
  const answer = Promise.withResolvers<Ack>();
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error !== null) answer.reject(error);
      else takeAnswer(message, answer);
    },
  });
  const timer = setTimeout(
    () => answer.reject(new Error(`no acknowledgement within ${JETSTREAM_ACK_TIMEOUT_MS} ms`)),
    JETSTREAM_ACK_TIMEOUT_MS,
  );
  // Answered before it is awaited, where publishing throws.
  answer.promise.catch(() => {});
  try {
    publishAll(connection, batchId, inbox, messages, marker);
    const { seq, error } = await answer.promise;
    if (error !== undefined || seq === undefined)
      throw new ExternalError(`JetStream refused a batch: ${error?.description ?? 'no sequence'}`);
    return seq;
  } finally {
    clearTimeout(timer);
    subscription.unsubscribe();
  }
}

/** The first message is answered at once, empty where all is well; the last one when the batch is stored. */
function takeAnswer(message: Msg, answer: PromiseWithResolvers<Ack>): void {
  if (message.headers?.code === NO_RESPONDERS) answer.reject(new Error('no stream listens on the subject'));
  else if (message.data.length > 0) answer.resolve(message.json<Ack>());
}

function publishAll(
  connection: NatsConnection,
  batchId: string,
  reply: string,
  messages: readonly StagedMessage[],
  marker: BatchMarker,
): void {
  for (const [index, { subject, payload, records }] of messages.entries()) {
    const header = batchHeader(batchId, index + 1);
    if (records > 0) header.set(RECORDS_HEADER, String(records));
    checkSize(connection, subject, payload);
    connection.publish(subject, payload, { headers: header, ...(index === 0 ? { reply } : {}) });
  }
  const header = batchHeader(batchId, messages.length + 1);
  header.set('Nats-Batch-Commit', '1');
  header.set('Nats-Expected-Last-Subject-Sequence', String(marker.expectedSequence));
  header.set(COMMIT_HEADER, '1');
  if (marker.neverExpires) header.set('Nats-TTL', 'never');
  connection.publish(marker.subject, marker.payload, { headers: header, reply });
}

function batchHeader(batchId: string, sequence: number): ReturnType<typeof headers> {
  const header = headers();
  header.set('Nats-Batch-Id', batchId);
  header.set('Nats-Batch-Sequence', String(sequence));
  return header;
}

/** @throws UserError: no repetition makes it smaller */
function checkSize(connection: NatsConnection, subject: string, payload: Uint8Array): void {
  const limit = connection.info?.max_payload ?? Infinity;
  if (payload.length < limit) return;
  throw new UserError(
    `a message of ${payload.length} bytes for ${subject} is too large: the server takes ${limit}`,
  );
}
