import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import { UserError } from '../../base/errors.ts';

/** `$JS.API.INFO` of servers 2.12 and newer says at least this. */
const LEVEL_ATOMIC_BATCHES = 2;
const NANOS_PER_MILLI = 1_000_000;

/** What the checks read of a stream; fields that the client's types do not have yet come from the server as they are. */
export type ExactlyOnceStream = Pick<
  StreamConfig,
  'name' | 'num_replicas' | 'storage' | 'retention' | 'max_age' | 'duplicate_window'
> & {
  readonly allow_atomic?: boolean;
  readonly allow_msg_ttl?: boolean;
  readonly persist_mode?: string;
};

export interface ExactlyOncePlan {
  readonly by: 'atomic-batches' | 'deduplication';
  /** For deduplication. */
  readonly maximumOutageMs: number;
  readonly acceptUnsafeStream: boolean;
}

/** What of the stream could lose acknowledged messages; then no protocol gives each of them once. */
function weaknessOf({ num_replicas, storage, persist_mode }: ExactlyOnceStream): string | undefined {
  if ((storage as string) === 'memory') return 'it is stored in memory, and a restart of the server loses it';
  if (persist_mode === 'async') return 'it acknowledges messages before they are on a disk';
  if (num_replicas < 3)
    return `it has ${num_replicas} replica(s): a server that dies takes acknowledged messages with it`;
  return undefined;
}

/** @throws UserError when the stream or its server cannot keep what EXACTLY_ONCE promises, with the reason and the cure */
export function checkExactlyOnce(stream: ExactlyOnceStream, apiLevel: number, plan: ExactlyOncePlan): void {
  const refuse = (reason: string): never => {
    throw new UserError(`EXACTLY_ONCE into the stream "${stream.name}" is refused: ${reason}`);
  };
  const weakness = weaknessOf(stream);
  if (weakness !== undefined && !plan.acceptUnsafeStream)
    refuse(
      `${weakness}; use 3 replicas on disks, or for development exactlyOnce: { acceptUnsafeStream: true }`,
    );
  if (plan.by === 'deduplication') {
    const windowMs = stream.duplicate_window / NANOS_PER_MILLI;
    if (windowMs < plan.maximumOutageMs) {
      refuse(
        `it knows duplicates for ${windowMs} ms and maximumOutage is ${plan.maximumOutageMs} ms: make its duplicate_window longer`,
      );
    }
    return;
  }
  if (apiLevel < LEVEL_ATOMIC_BATCHES) {
    refuse(
      'its server is older than 2.12 and has no atomic batches; use a newer one, or exactlyOnce: { by: "deduplication", ' +
        'maximumOutage }, which holds as long as no outage is longer than that',
    );
  }
  if (stream.allow_atomic !== true) refuse('it takes no atomic batches: set allow_atomic on the stream');
  if (stream.retention === 'interest')
    refuse(
      'messages that nobody waits for are removed, also the notes about commits: use retention "limits"',
    );
  if (stream.max_age > 0 && stream.allow_msg_ttl !== true)
    refuse(
      'messages age out, also the notes about commits: set allow_msg_ttl on the stream, so that these stay',
    );
}

/** The stream that listens on a subject, as the server has it now, and the server's API level. */
export async function lookUpStream(
  manager: JetStreamManager,
  subject: string,
): Promise<{ readonly stream: ExactlyOnceStream; readonly apiLevel: number }> {
  let name: string;
  try {
    name = await manager.streams.find(subject);
  } catch (cause) {
    throw new UserError(
      `no stream of JetStream listens on ${subject}, where the sink would store its records or note its commits: add the ` +
        'subject to the stream of the records, or set exactlyOnce: { commitSubject }',
      { cause },
    );
  }
  const { config } = await manager.streams.info(name);
  const { api } = await manager.getAccountInfo();
  return { stream: config as ExactlyOnceStream, apiLevel: (api as { level?: number }).level ?? 0 };
}
