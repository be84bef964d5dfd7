import type { JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import type {
  BadRecordPolicy,
  SourceBatch,
  SourceReader,
  SourceReaderContext,
} from '../../functions/source.ts';
import type { ResolvedConnection } from '../../transport/nats/options.ts';
import { SplitQueue } from '../split/split-queue.ts';
import { COMMIT_HEADER } from './commit-markers.ts';
import { connectTo } from './connection.ts';
import type { JetStreamMessage } from './jetstream-source.ts';
import { RECORDS_HEADER, unpackRecords } from './record-pack.ts';
import { SplitPuller } from './split-puller.ts';
import type { JetStreamSplit } from './stream-splits.ts';

const NANOS_PER_MILLI = 1_000_000;

/** Reads its splits in turn over one connection. */
export class JetStreamReader<T> implements SourceReader<T, JetStreamSplit> {
  readonly #servers: ResolvedConnection;
  readonly #decode: (message: JetStreamMessage) => T;
  readonly #badRecords: BadRecordPolicy;
  readonly #lostMessages: 'fail' | 'skip';
  readonly #context: SourceReaderContext;
  readonly #queue: SplitQueue<JetStreamSplit>;
  readonly #pullers = new Map<string, SplitPuller>();
  #connection: NatsConnection | undefined;

  constructor(
    servers: ResolvedConnection,
    decode: (message: JetStreamMessage) => T,
    badRecords: BadRecordPolicy,
    lostMessages: 'fail' | 'skip',
    context: SourceReaderContext,
  ) {
    this.#servers = servers;
    this.#decode = decode;
    this.#badRecords = badRecords;
    this.#lostMessages = lostMessages;
    this.#context = context;
    this.#queue = new SplitQueue(context);
  }

  async start(): Promise<void> {
    this.#connection = await connectTo(this.#servers);
    this.#queue.requestAll();
    for (const split of this.#queue.splits) this.#pull(split);
  }

  addSplits(splits: readonly JetStreamSplit[]): void {
    this.#queue.add(splits);
    for (const split of splits) this.#pull(split);
  }

  notifyNoMoreSplits(): void {
    this.#queue.notifyNoMore();
  }

  poll(maxRecords: number): SourceBatch<T> | 'waiting' | 'end' {
    for (let left = this.#queue.splits.length; left > 0; left -= 1) {
      const split = this.#queue.current as JetStreamSplit;
      const puller = this.#pullers.get(split.splitId);
      const messages = puller?.take(maxRecords) ?? [];
      const last = messages.at(-1);
      this.#queue.finishCurrent();
      if (puller?.ended !== true || last !== undefined) {
        this.#queue.requeue(last === undefined ? split : { ...split, next: last.seq + 1 });
      }
      const batch = this.#decodeAll(split, messages);
      if (batch.values.length > 0) return batch;
    }
    return this.#queue.current === undefined ? this.#queue.idle() : 'waiting';
  }

  available(): Promise<void> {
    return this.#queue.available();
  }

  /** Messages; one may hold several records. */
  pendingRecords(): number {
    let pending = 0;
    for (const puller of this.#pullers.values()) pending += puller.pending;
    return pending;
  }

  snapshotState(): readonly JetStreamSplit[] {
    return [...this.#queue.splits];
  }

  async close(): Promise<void> {
    this.#queue.wake();
    await Promise.all([...this.#pullers.values()].map((puller) => puller.close()));
    this.#pullers.clear();
    await this.#connection?.close();
    this.#connection = undefined;
  }

  #pull(split: JetStreamSplit): void {
    const connection = this.#connection;
    // Splits that come before the connection stands are pulled when it does.
    if (connection === undefined || this.#pullers.has(split.splitId)) return;
    const world = {
      servers: this.#servers,
      connection,
      lostMessages: this.#lostMessages,
      sleep: (ms: number) => this.#context.sleep(ms),
      wake: () => this.#queue.wake(),
    };
    this.#pullers.set(split.splitId, new SplitPuller(split, world));
  }

  #decodeAll(split: JetStreamSplit, messages: readonly JsMsg[]): SourceBatch<T> {
    const values: T[] = [];
    const timestamps: number[] = [];
    const records = messages.flatMap((message) => this.#recordsOf(split, message));
    let index = 0;
    // One `try` spans all good records between two bad ones.
    while (index < records.length) {
      try {
        for (; index < records.length; index += 1) {
          const record = records[index] as StoredRecord;
          values.push(this.#decode(record));
          timestamps.push(record.timestamp);
        }
      } catch (cause) {
        this.#reportBad(split, records[index] as StoredRecord, cause);
        index += 1;
      }
    }
    return { splitId: split.splitId, values, timestamps };
  }

  /** A message is a record, or holds several; a note about a commit holds none. */
  #recordsOf(split: JetStreamSplit, message: JsMsg): readonly StoredRecord[] {
    const { subject, seq, headers, data } = message;
    const timestamp = Math.floor(message.info.timestampNanos / NANOS_PER_MILLI);
    const stored = (bytes: Uint8Array): StoredRecord => ({ data: bytes, subject, seq, headers, timestamp });
    if (headers === undefined) return [stored(data)];
    if (headers.has(COMMIT_HEADER)) return [];
    if (!headers.has(RECORDS_HEADER)) return [stored(data)];
    try {
      return unpackRecords(data).map(stored);
    } catch (cause) {
      this.#reportBad(split, stored(data), cause);
      return [];
    }
  }

  #reportBad(split: JetStreamSplit, { subject, seq, data }: StoredRecord, cause: unknown): void {
    const where = `stream ${split.stream}, subject ${subject}, sequence ${seq}`;
    this.#context.reportBadRecord(this.#badRecords, where, Buffer.from(data).toString('utf8'), cause);
  }
}

/** A record as it was stored. */
interface StoredRecord extends JetStreamMessage {
  readonly timestamp: number;
}
