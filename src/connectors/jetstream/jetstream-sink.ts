import { jetstreamManager } from '@nats-io/jetstream';
import { MillraceError, UserError } from '../../base/errors.ts';
import { toMillis } from '../../base/time.ts';
import type { DurationLike } from '../../base/time.ts';
import type { SerializationSchema } from '../../formats/schema.ts';
import { DeliveryGuarantee, commitStem } from '../../functions/sink.ts';
import type {
  Committer,
  CommitterContext,
  Sink,
  SinkWriter,
  SinkWriterContext,
} from '../../functions/sink.ts';
import type { ResolvedConnection } from '../../transport/nats/options.ts';
import { AtomicCommitter } from './atomic-committer.ts';
import { connectTo, jetStreamError, resolveServers } from './connection.ts';
import type { JetStreamConnectionOptions } from './connection.ts';
import { DeduplicatingCommitter } from './deduplicating-committer.ts';
import { checkExactlyOnce, lookUpStream } from './exactly-once-stream.ts';
import type { ExactlyOncePlan } from './exactly-once-stream.ts';
import { Publisher } from './publisher.ts';
import { PublishingWriter } from './publishing-writer.ts';
import type { StagedChunk } from './staged-chunk.ts';
import { StagingWriter } from './staging-writer.ts';

export interface JetStreamSinkOptions<T> extends JetStreamConnectionOptions {
  /** Where to publish: one subject, or one for each record. A stream must listen on it. */
  readonly subject: string | ((value: T) => string);
  readonly serializer: SerializationSchema<T>;
  /** Names a record, so that the server drops one that comes again within the stream's duplicate window. */
  readonly messageId?: (value: T) => string;
  /** Default `AT_LEAST_ONCE`. */
  readonly deliveryGuarantee?: DeliveryGuarantee;
  /**
   * Joins records that follow each other to one subject into messages of up to this many bytes; `JetStreamSource` takes them
   * apart. Default: a message per record, which any client can read.
   */
  readonly packBytes?: number;
  readonly exactlyOnce?: JetStreamExactlyOnceOptions;
}

/** How EXACTLY_ONCE is kept. */
export interface JetStreamExactlyOnceOptions {
  /**
   * - `atomic-batches` (default; servers from 2.12, `allow_atomic` on the stream): records and the note that they are committed are
   *   stored as one;
   * - `deduplication`: messages have ids, which the stream knows for its `duplicate_window`. Effectively once: what could have been
   *   published longer ago than `maximumOutage` fails the job instead of coming twice.
   */
  readonly by?: 'atomic-batches' | 'deduplication';
  /** The longest time that server or job may be away; for `deduplication`. */
  readonly maximumOutage?: DurationLike;
  /** Below it one subject per subtask notes its commits, in the stream of the records. Default: `<subject>.millrace-commit`. */
  readonly commitSubject?: string;
  /** For development: takes streams that may lose what they acknowledged (in memory, fewer than three replicas). */
  readonly acceptUnsafeStream?: boolean;
}

/**
 * Publishes records to JetStream, in the order of each subtask.
 * - `AT_LEAST_ONCE`: many under way at a time; a barrier waits until the server has stored everything. After a failure records since
 *   the last checkpoint are published again.
 * - `EXACTLY_ONCE`: records are kept in the checkpoint, and published when it is complete. More than about 1,000 messages or 16 MB of
 *   a subtask become visible in several steps.
 * - `NONE`: a barrier does not wait.
 */
export class JetStreamSink<T> implements Sink<T, StagedChunk> {
  /** Only where the sink commits; see `Sink`. */
  readonly createCommitter?: (context: CommitterContext) => Promise<Committer<StagedChunk>>;
  readonly #servers: ResolvedConnection;
  readonly #options: JetStreamSinkOptions<T>;
  readonly #subjectOf: (value: T) => string;
  readonly #guarantee: DeliveryGuarantee;
  readonly #plan: ExactlyOncePlan;

  /** @throws ConfigurationError for a malformed URL, UserError for a subject nobody can publish to and options that exclude each other */
  constructor(options: JetStreamSinkOptions<T>) {
    const { subject, messageId, packBytes = 0, exactlyOnce = {} } = options;
    this.#options = options;
    this.#servers = resolveServers(options, 'millrace-sink');
    this.#subjectOf =
      typeof subject === 'string' ? constant(checkSubject(subject)) : (value) => checkSubject(subject(value));
    this.#guarantee = options.deliveryGuarantee ?? DeliveryGuarantee.AT_LEAST_ONCE;
    this.#plan = exactlyOncePlan(exactlyOnce);
    if (!Number.isSafeInteger(packBytes) || packBytes < 0)
      throw new UserError(`packBytes must be a whole number of bytes, got ${packBytes}`);
    if (messageId !== undefined && (packBytes > 0 || this.#guarantee === DeliveryGuarantee.EXACTLY_ONCE))
      throw new UserError(
        'messageId names messages of one record: it goes with neither packBytes nor EXACTLY_ONCE',
      );
    if (this.#guarantee !== DeliveryGuarantee.EXACTLY_ONCE) return;
    this.#commitSubject();
    this.createCommitter = (context) => this.#createCommitter(context);
  }

  async createWriter(context: SinkWriterContext): Promise<SinkWriter<T, StagedChunk>> {
    const { serializer, messageId, packBytes = 0 } = this.#options;
    const common = {
      subjectOf: this.#subjectOf,
      serialize: (value: T) => serializer.serialize(value),
      packBytes,
    };
    if (this.#guarantee !== DeliveryGuarantee.EXACTLY_ONCE) {
      return new PublishingWriter<T>(await this.#newPublisher(), {
        ...common,
        messageIdOf: messageId,
        awaitStored: this.#guarantee === DeliveryGuarantee.AT_LEAST_ONCE,
      }) as SinkWriter<T, StagedChunk>;
    }
    const { taskInfo, operatorId, restoredCheckpointId } = context;
    const stem = commitStem(taskInfo.jobId, operatorId, taskInfo.indexOfThisSubtask);
    return new StagingWriter<T>({
      ...common,
      now: () => context.now(),
      stem,
      begin: (seen) => this.#begin(stem, seen, restoredCheckpointId),
    });
  }

  async #begin(stem: string, seen: boolean, restoredCheckpointId: number | undefined): Promise<void> {
    if (this.#plan.by === 'deduplication') return;
    const committer = await this.#newAtomicCommitter();
    try {
      await committer.begin(stem, seen, restoredCheckpointId);
    } finally {
      await committer.close();
    }
  }

  async #createCommitter(context: CommitterContext): Promise<Committer<StagedChunk>> {
    if (this.#plan.by === 'atomic-batches') return this.#newAtomicCommitter();
    const connection = await connectTo(this.#servers);
    try {
      const manager = await jetstreamManager(connection);
      const { subject } = this.#options;
      const { stream, apiLevel } = await lookUpStream(
        manager,
        typeof subject === 'string' ? subject : this.#commitSubject(),
      );
      checkExactlyOnce(stream, apiLevel, this.#plan);
    } catch (error) {
      throw this.#named(error);
    } finally {
      await connection.close();
    }
    return new DeduplicatingCommitter(
      () => this.#newPublisher(),
      this.#plan.maximumOutageMs,
      () => context.now(),
    );
  }

  async #newAtomicCommitter(): Promise<AtomicCommitter> {
    const connection = await connectTo(this.#servers);
    const commitSubject = this.#commitSubject();
    try {
      const manager = await jetstreamManager(connection);
      const { stream, apiLevel } = await lookUpStream(manager, `${commitSubject}.job.operator.0`);
      checkExactlyOnce(stream, apiLevel, this.#plan);
      return new AtomicCommitter({
        servers: this.#servers,
        connection,
        stream: stream.name,
        commitSubject,
        markersNeverExpire: stream.allow_msg_ttl === true,
      });
    } catch (error) {
      await connection.close();
      throw this.#named(error);
    }
  }

  async #newPublisher(): Promise<Publisher> {
    return new Publisher(await connectTo(this.#servers), this.#servers);
  }

  #commitSubject(): string {
    const { subject, exactlyOnce } = this.#options;
    if (exactlyOnce?.commitSubject !== undefined) return checkSubject(exactlyOnce.commitSubject);
    if (typeof subject === 'string') return `${subject}.millrace-commit`;
    throw new UserError(
      'EXACTLY_ONCE with a subject per record needs exactlyOnce: { commitSubject }, a subject of the stream of the records',
    );
  }

  #named(error: unknown): MillraceError {
    return error instanceof MillraceError
      ? error
      : jetStreamError('look up the stream', this.#servers, error);
  }
}

function exactlyOncePlan(options: JetStreamExactlyOnceOptions): ExactlyOncePlan {
  const { by = 'atomic-batches', maximumOutage, acceptUnsafeStream = false } = options;
  if (by === 'deduplication' && maximumOutage === undefined)
    throw new UserError(
      'exactlyOnce by deduplication needs maximumOutage: how long server or job may be away',
    );
  return { by, maximumOutageMs: toMillis(maximumOutage ?? 0, 'maximumOutage'), acceptUnsafeStream };
}

function constant<T>(value: T): () => T {
  return () => value;
}

function checkSubject(subject: string): string {
  if (/^[^\s.*>]+(\.[^\s.*>]+)*$/.test(subject)) return subject;
  throw new UserError(
    `cannot publish to the subject "${subject}": it needs tokens without blanks, "*" and ">", joined by dots`,
  );
}
