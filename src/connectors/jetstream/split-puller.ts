import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import type { MillraceError } from '../../base/errors.ts';
import {
  JETSTREAM_BUFFER_MESSAGES,
  JETSTREAM_PULL_EXPIRES_MS,
  JETSTREAM_PULL_MESSAGES,
  JETSTREAM_PULL_PAUSE_MS,
  JETSTREAM_PULL_TRIES,
} from '../../base/limits.ts';
import type { ResolvedConnection } from '../../transport/nats/options.ts';
import { checkStream, streamError } from './stream-splits.ts';
import type { JetStreamSplit } from './stream-splits.ts';

export interface PullerWorld {
  readonly servers: ResolvedConnection;
  readonly connection: NatsConnection;
  /** What follows when messages were removed before they were read. */
  readonly lostMessages: 'fail' | 'skip';
  sleep(ms: number): Promise<void>;
  /** `poll` is worth calling. */
  wake(): void;
}

/**
 * Pulls the messages of one split, in the order of the stream, ahead of the task. A pull asks for no more than there is room
 * for. A lost consumer is made anew behind the last message received.
 */
export class SplitPuller {
  readonly #split: JetStreamSplit;
  readonly #world: PullerWorld;
  #messages: JsMsg[] = [];
  #next: number;
  /** Messages behind the last one received, as the server said with it. */
  #behind = 0;
  #ended = false;
  #closed = false;
  #failure: MillraceError | undefined;
  #consumer: Consumer | undefined;
  #pull: ConsumerMessages | undefined;
  #roomy: (() => void) | undefined;
  readonly #running: Promise<void>;

  constructor(split: JetStreamSplit, world: PullerWorld) {
    this.#split = split;
    this.#world = world;
    this.#next = split.next;
    this.#running = this.#run();
  }

  /** Up to `max` messages. @throws what pulling met, after the messages before it */
  take(max: number): readonly JsMsg[] {
    if (this.#messages.length === 0 && this.#failure !== undefined) throw this.#failure;
    const taken = this.#messages.slice(0, max);
    this.#messages = this.#messages.slice(taken.length);
    if (this.#messages.length < JETSTREAM_BUFFER_MESSAGES / 2) this.#roomy?.();
    return taken;
  }

  /** Messages that wait to be taken, here and in the stream. */
  get pending(): number {
    return this.#messages.length + this.#behind;
  }

  /** All messages of a bounded split have been taken. */
  get ended(): boolean {
    return this.#ended && this.#messages.length === 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#roomy?.();
    await this.#pull?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      let failed = 0;
      while (!this.#closed && !this.#isRead()) {
        try {
          await this.#pullOnce();
          failed = 0;
        } catch (error) {
          this.#consumer = undefined;
          const cause = this.#named(error);
          failed += 1;
          if (!cause.retryable || this.#world.connection.isClosed() || failed >= JETSTREAM_PULL_TRIES)
            throw cause;
          await this.#world.sleep(JETSTREAM_PULL_PAUSE_MS);
        }
      }
      await this.#consumer?.delete();
    } catch (error) {
      if (!this.#closed) this.#failure = this.#named(error);
    }
    this.#ended = this.#failure === undefined;
    this.#world.wake();
  }

  #named(error: unknown): MillraceError {
    return streamError({ servers: this.#world.servers, stream: this.#split.stream }, error);
  }

  #isRead(): boolean {
    return this.#split.last !== undefined && this.#next > this.#split.last;
  }

  async #pullOnce(): Promise<void> {
    const room = await this.#room();
    if (this.#closed) return;
    const consumer = (this.#consumer ??= await this.#createConsumer());
    const pull = await consumer.fetch({
      max_messages: Math.min(room, JETSTREAM_PULL_MESSAGES),
      expires: JETSTREAM_PULL_EXPIRES_MS,
    });
    this.#pull = pull;
    let received = 0;
    for await (const message of pull) {
      if (this.#closed) break;
      received += 1;
      if (message.seq < this.#next) continue;
      this.#next = message.seq + 1;
      this.#behind = message.info.pending;
      if (this.#split.last !== undefined && message.seq > this.#split.last) break;
      this.#messages.push(message);
      this.#world.wake();
      if (message.info.pending === 0) this.#endIfBounded();
      if (this.#isRead()) break;
    }
    await pull.close();
    if (received === 0 && this.#split.last !== undefined && !this.#closed)
      await this.#endIfNothingIsLeft(consumer);
  }

  async #endIfNothingIsLeft(consumer: Consumer): Promise<void> {
    const { num_pending: left } = await consumer.info();
    if (left === 0) this.#endIfBounded();
  }

  /** Nothing is left now: messages up to the end that were not received have been deleted, and never come. */
  #endIfBounded(): void {
    if (this.#split.last !== undefined) this.#next = Math.max(this.#next, this.#split.last + 1);
  }

  async #room(): Promise<number> {
    while (!this.#closed && this.#messages.length >= JETSTREAM_BUFFER_MESSAGES) {
      await new Promise<void>((resolve) => (this.#roomy = resolve));
      this.#roomy = undefined;
    }
    return JETSTREAM_BUFFER_MESSAGES - this.#messages.length;
  }

  async #createConsumer(): Promise<Consumer> {
    const { stream, subject } = this.#split;
    await checkStream(this.#world.connection, this.#split, this.#next, this.#world.lostMessages);
    return jetstream(this.#world.connection).consumers.get(stream, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#next,
      ...(subject === undefined ? {} : { filter_subjects: subject }),
    });
  }
}
