import { UserError } from '../../base/errors.ts';
import type { DeserializationSchema } from '../../formats/schema.ts';
import type {
  BadRecordPolicy,
  Source,
  SourceReader,
  SourceReaderContext,
  SplitEnumerator,
  SplitEnumeratorContext,
} from '../../functions/source.ts';
import { StaticAssigner } from '../split/static-assigner.ts';
import { resolveServers } from './connection.ts';
import type { JetStreamConnectionOptions } from './connection.ts';
import { JetStreamReader } from './jetstream-reader.ts';
import { planSplits } from './stream-splits.ts';
import type { JetStreamSplit, JetStreamStart, SplitPlan } from './stream-splits.ts';

/** A message as a decoder sees it. */
export interface JetStreamMessage {
  readonly data: Uint8Array;
  readonly subject: string;
  /** Its number in the stream. */
  readonly seq: number;
  readonly headers: { get(name: string): string } | undefined;
}

export interface JetStreamSourceOptions<T> extends JetStreamConnectionOptions {
  readonly stream: string;
  /** Subject filters, wildcards allowed: each is a split of its own, so they must not overlap. Default: the whole stream. */
  readonly subjects?: string | readonly string[];
  /** Default `all`. */
  readonly start?: JetStreamStart;
  /** `latest`: the source ends with the message that is the last one when the job starts. Default: it never ends. */
  readonly until?: 'latest';
  /** How bytes become a record: a schema, or a function of the whole message. */
  readonly deserializer: DeserializationSchema<T> | ((message: JetStreamMessage) => T);
  /**
   * What follows when messages were removed from the stream before the job read them; noticed at a restart, for sources of whole
   * streams. Default `fail`.
   */
  readonly lostMessages?: 'fail' | 'skip';
  /** What happens with messages that cannot be decoded. Default `fail`; the error names stream, subject and sequence. */
  readonly badRecords?: BadRecordPolicy;
}

/**
 * The messages of a JetStream stream in the order of their sequence numbers; record timestamps are the times the server
 * stored them. Positions are kept by Millrace, not in the server: reading leaves nothing behind there. Messages that a
 * `JetStreamSink` has packed are taken apart, and its notes about commits passed over.
 */
export class JetStreamSource<T> implements Source<T, JetStreamSplit> {
  readonly boundedness: 'bounded' | 'continuous-unbounded';
  readonly #plan: SplitPlan;
  readonly #decode: (message: JetStreamMessage) => T;
  readonly #badRecords: BadRecordPolicy;
  readonly #lostMessages: 'fail' | 'skip';

  /** @throws ConfigurationError for a malformed URL, UserError for other options that make no sense */
  constructor(options: JetStreamSourceOptions<T>) {
    const { stream, subjects = [], start = 'all', deserializer } = options;
    if (!/^[^\s.*>/\\]+$/.test(stream)) throw new UserError(`"${stream}" is no name of a stream`);
    if (
      typeof start === 'object' &&
      'sequence' in start &&
      !(Number.isSafeInteger(start.sequence) && start.sequence >= 1)
    ) {
      throw new UserError(`the start sequence must be a whole number of at least 1, got ${start.sequence}`);
    }
    if (typeof start === 'object' && 'time' in start && !Number.isFinite(start.time)) {
      throw new UserError(`the start time must be milliseconds since the epoch, got ${start.time}`);
    }
    this.#plan = {
      servers: resolveServers(options, 'millrace-source'),
      stream,
      subjects: typeof subjects === 'string' ? [subjects] : [...new Set(subjects)],
      start,
      untilLatest: options.until === 'latest',
    };
    this.#decode =
      typeof deserializer === 'function' ? deserializer : (message) => deserializer.deserialize(message.data);
    this.#badRecords = options.badRecords ?? 'fail';
    this.#lostMessages = options.lostMessages ?? 'fail';
    this.boundedness = options.until === 'latest' ? 'bounded' : 'continuous-unbounded';
  }

  createEnumerator(context: SplitEnumeratorContext<JetStreamSplit>): SplitEnumerator<JetStreamSplit> {
    return new StaticAssigner(context, () => planSplits(this.#plan));
  }

  restoreEnumerator(
    context: SplitEnumeratorContext<JetStreamSplit>,
    splits: readonly JetStreamSplit[],
  ): SplitEnumerator<JetStreamSplit> {
    const { subjects } = this.#plan;
    const indexOf = ({ subject }: JetStreamSplit): number => Math.max(0, subjects.indexOf(subject ?? ''));
    return new StaticAssigner(context, () => splits, indexOf);
  }

  createReader(context: SourceReaderContext): SourceReader<T, JetStreamSplit> {
    return new JetStreamReader(
      this.#plan.servers,
      this.#decode,
      this.#badRecords,
      this.#lostMessages,
      context,
    );
  }
}
