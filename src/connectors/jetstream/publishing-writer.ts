import type { SinkWriter } from '../../functions/sink.ts';
import type { Publisher } from './publisher.ts';
import { RecordPacker } from './record-pack.ts';

export interface PublishingOptions<T> {
  readonly subjectOf: (value: T) => string;
  readonly serialize: (value: T) => Uint8Array;
  readonly messageIdOf: ((value: T) => string) | undefined;
  /** 0: a message per record. */
  readonly packBytes: number;
  /** Whether a barrier waits until the server has stored everything. */
  readonly awaitStored: boolean;
}

/** Publishes records as they come. */
export class PublishingWriter<T> implements SinkWriter<T> {
  readonly #options: PublishingOptions<T>;
  readonly #publisher: Publisher;
  readonly #packer: RecordPacker;

  constructor(publisher: Publisher, options: PublishingOptions<T>) {
    this.#publisher = publisher;
    this.#options = options;
    this.#packer = new RecordPacker(options.packBytes, (subject, payload, records) =>
      publisher.publish(subject, payload, { records }),
    );
  }

  write(value: T): void {
    const { subjectOf, serialize, messageIdOf, packBytes } = this.#options;
    if (packBytes > 0) this.#packer.add(subjectOf(value), serialize(value));
    else this.#publisher.publish(subjectOf(value), serialize(value), { messageId: messageIdOf?.(value) });
  }

  pending(): Promise<void> | undefined {
    return this.#publisher.pending();
  }

  async flush(endOfInput: boolean): Promise<void> {
    this.#packer.flush();
    if (endOfInput || this.#options.awaitStored) await this.#publisher.flush();
  }

  bytesSent(): number {
    return this.#publisher.bytes;
  }

  async close(): Promise<void> {
    await this.#publisher.close();
  }
}
