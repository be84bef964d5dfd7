import { DeliverPolicy, JetStreamApiCodes, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { MillraceError, UserError } from '../../base/errors.ts';
import type { ResolvedConnection } from '../../transport/nats/options.ts';
import { connectTo, jetStreamError } from './connection.ts';
import { MessagesLostError, StreamRecreatedError, StreamTruncatedError } from './errors.ts';

/** Where to begin in a stream. */
export type JetStreamStart =
  /** With the first message there is. */
  | 'all'
  /** With the first message stored after the job has started. */
  | 'new'
  | { readonly sequence: number }
  /** With the first message stored at or after this time; ms since the epoch. */
  | { readonly time: number };

/** The messages of a stream on some subjects, from `next` on. */
export interface JetStreamSplit {
  readonly splitId: string;
  readonly stream: string;
  /** Filter: a subject, perhaps with wildcards; `undefined` for all. */
  readonly subject: string | undefined;
  /** Stream sequence of the next message, or lower. */
  readonly next: number;
  /** Stream sequence of the last message to read; `undefined`: never ends. */
  readonly last: number | undefined;
  /** `next` when the job began. */
  readonly first: number;
  /** When the stream was created, as the server says it: another stream of the same name is another stream. */
  readonly created: string;
}

export interface SplitPlan {
  readonly servers: ResolvedConnection;
  readonly stream: string;
  readonly subjects: readonly string[];
  readonly start: JetStreamStart;
  readonly untilLatest: boolean;
}

/**
 * One split per subject filter, or one for the whole stream. Start and end become stream sequences here, once, so that a
 * restart reads the same messages.
 * @throws UserError when the stream does not exist, ExternalError when the server does not answer
 */
export async function planSplits(plan: SplitPlan): Promise<readonly JetStreamSplit[]> {
  const connection = await connectTo(plan.servers);
  try {
    const manager = await jetstreamManager(connection);
    const { state, created } = await manager.streams.info(plan.stream);
    const next = await startSequence(manager, plan, state.last_seq);
    const filters = plan.subjects.length === 0 ? [undefined] : plan.subjects;
    return await Promise.all(
      filters.map(async (subject) => ({
        splitId: subject === undefined ? plan.stream : `${plan.stream}/${subject}`,
        stream: plan.stream,
        subject,
        next,
        first: next,
        created,
        last: plan.untilLatest
          ? await lastSequence(manager, plan.stream, subject, state.last_seq)
          : undefined,
      })),
    );
  } catch (error) {
    throw streamError(plan, error);
  } finally {
    await connection.close();
  }
}

/**
 * Whether the split can be read on from where it stands.
 * @throws StreamRecreatedError, StreamTruncatedError, MessagesLostError
 */
export async function checkStream(
  connection: NatsConnection,
  split: JetStreamSplit,
  next: number,
  lostMessages: 'fail' | 'skip',
): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const { state, created } = await manager.streams.info(split.stream);
  if (created !== split.created) throw new StreamRecreatedError(split.stream, split.created, created);
  // One that has not begun may wait for messages that are to come.
  if (next <= split.first) return;
  if (state.last_seq < next - 1) throw new StreamTruncatedError(split.stream, next, state.last_seq);
  const gone = split.subject === undefined && state.first_seq > next && next <= (split.last ?? Infinity);
  if (gone && lostMessages === 'fail') throw new MessagesLostError(split.stream, next, state.first_seq);
}

async function startSequence(
  manager: JetStreamManager,
  plan: SplitPlan,
  lastInStream: number,
): Promise<number> {
  const { start, stream } = plan;
  if (start === 'all') return 1;
  if (start === 'new') return lastInStream + 1;
  if ('sequence' in start) return start.sequence;
  // The server itself says where a time lies: a consumer made for it stands before the first message at or after it.
  const consumer = await manager.jetstream().consumers.get(stream, {
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: new Date(start.time).toISOString(),
  });
  const { delivered } = await consumer.info();
  await consumer.delete();
  return delivered.stream_seq + 1;
}

async function lastSequence(
  manager: JetStreamManager,
  stream: string,
  subject: string | undefined,
  lastInStream: number,
): Promise<number> {
  if (subject === undefined) return lastInStream;
  const message = await manager.streams.getMessage(stream, { last_by_subj: subject });
  return message?.seq ?? 0;
}

/** An error met while reading a stream, as one that names stream and servers. */
export function streamError(
  where: { readonly servers: ResolvedConnection; readonly stream: string },
  error: unknown,
): MillraceError {
  if (error instanceof MillraceError) return error;
  const { servers, stream } = where;
  if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) {
    return new UserError(
      `JetStream at ${servers.urls.join(', ')} has no stream "${stream}": create it first`,
      { cause: error },
    );
  }
  return jetStreamError(`read the stream "${stream}"`, servers, error);
}
