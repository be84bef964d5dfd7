import { UserError } from '../../base/errors.ts';
import {
  JETSTREAM_BATCH_BYTES,
  JETSTREAM_BATCH_MESSAGES,
  JETSTREAM_STAGED_BYTES,
} from '../../base/limits.ts';
import type { CheckpointedFunction, FunctionInitializationContext } from '../../functions/checkpointed.ts';
import type { SinkWriter } from '../../functions/sink.ts';
import { ListStateDescriptor } from '../../functions/state.ts';
import type { ListState } from '../../functions/state.ts';
import { RecordPacker } from './record-pack.ts';
import { cutChunks } from './staged-chunk.ts';
import type { StagedChunk, StagedMessage } from './staged-chunk.ts';

export interface StagingOptions<T> {
  readonly subjectOf: (value: T) => string;
  readonly serialize: (value: T) => Uint8Array;
  /** 0: a message per record. */
  readonly packBytes: number;
  readonly now: () => number;
  readonly stem: string;
  /** Called before the first record, with the stems that had a writer in an earlier attempt. */
  begin(seen: boolean): Promise<void>;
}

const STEMS = new ListStateDescriptor<string>('millrace-jetstream-stems');

/** Keeps records until a checkpoint takes them: nothing is in the stream, and nothing has to be undone there, before it is complete. */
export class StagingWriter<T> implements SinkWriter<T, StagedChunk>, CheckpointedFunction {
  readonly #options: StagingOptions<T>;
  readonly #packer: RecordPacker;
  #messages: StagedMessage[] = [];
  #bytes = 0;
  #stems: ListState<string> | undefined;

  constructor(options: StagingOptions<T>) {
    this.#options = options;
    this.#packer = new RecordPacker(options.packBytes, (subject, payload, records) =>
      this.#stage(subject, payload, records),
    );
  }

  async initializeState(context: FunctionInitializationContext): Promise<void> {
    this.#stems = context.getOperatorStateStore().getUnionListState(STEMS);
    await this.#options.begin(this.#stems.get().includes(this.#options.stem));
  }

  write(value: T): void {
    const { subjectOf, serialize, packBytes } = this.#options;
    if (packBytes > 0) this.#packer.add(subjectOf(value), serialize(value));
    else this.#stage(subjectOf(value), serialize(value), 0);
  }

  flush(): void {
    this.#packer.flush();
  }

  prepareCommit(): readonly StagedChunk[] {
    const messages = this.#messages;
    this.#messages = [];
    this.#bytes = 0;
    // One message of a batch is the marker.
    const bounds = { messages: JETSTREAM_BATCH_MESSAGES - 1, bytes: JETSTREAM_BATCH_BYTES };
    return cutChunks(messages, bounds, this.#options.now());
  }

  snapshotState(): void {
    this.#stems?.update([this.#options.stem]);
  }

  close(): void {}

  #stage(subject: string, payload: Uint8Array, records: number): void {
    this.#messages.push({ subject, payload, records });
    this.#bytes += payload.length;
    if (this.#bytes <= JETSTREAM_STAGED_BYTES) return;
    throw new UserError(
      `more than ${JETSTREAM_STAGED_BYTES} bytes wait for a checkpoint: EXACTLY_ONCE keeps records until one is complete; ` +
        'set a shorter execution.checkpointing.interval, or write with a higher parallelism',
    );
  }
}
