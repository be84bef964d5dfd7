import { HUB_QUEUE_BYTES, HUB_QUEUE_MESSAGES, PAYLOAD_BYTES_MAX } from '../../base/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HandlerErrorListener, Transport } from '../../ports/transport.ts';
import { reportToStderr } from '../delivery.ts';
import { SubjectIndex } from '../subject-match.ts';
import { HubConnection, type HubSubscription } from './hub-connection.ts';

export interface LocalHubOptions {
  readonly clock: Clock;
  /** Default: stderr. */
  readonly onHandlerError?: HandlerErrorListener;
  /** Told for each message that a full queue refused; default: counted only (`dropped`). */
  readonly onDropped?: (subject: string) => void;
  /** Default 1 MiB. */
  readonly maxPayload?: number;
  /** Bounds of the queue of each connection. */
  readonly queueMessages?: number;
  readonly queueBytes?: number;
}

/**
 * The transport of one process: connections that exchange messages through memory. Matching happens at `publish`,
 * delivery in a later turn of the event loop, so a handler never runs inside another one or inside `publish`.
 */
export class LocalHub {
  readonly clock: Clock;
  readonly maxPayload: number;
  readonly queueMessages: number;
  readonly queueBytes: number;
  readonly subscriptions = new SubjectIndex<HubSubscription>();
  readonly #onHandlerError: HandlerErrorListener;
  readonly #onDropped: ((subject: string) => void) | undefined;
  readonly #connections = new Set<HubConnection>();
  #lastConnection = 0;
  #dropped = 0;

  constructor(options: LocalHubOptions) {
    this.clock = options.clock;
    this.maxPayload = options.maxPayload ?? PAYLOAD_BYTES_MAX;
    this.queueMessages = options.queueMessages ?? HUB_QUEUE_MESSAGES;
    this.queueBytes = options.queueBytes ?? HUB_QUEUE_BYTES;
    this.#onHandlerError = options.onHandlerError ?? reportToStderr;
    this.#onDropped = options.onDropped;
  }

  /** Messages that full queues refused since the hub exists. */
  get dropped(): number {
    return this.#dropped;
  }

  connect(options: { readonly onHandlerError?: HandlerErrorListener } = {}): Transport {
    const id = `hub${++this.#lastConnection}`;
    const connection: HubConnection = new HubConnection(
      this,
      id,
      options.onHandlerError ?? this.#onHandlerError,
      () => this.#connections.delete(connection),
    );
    this.#connections.add(connection);
    return connection;
  }

  /** Closes every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  countDropped(subject: string): void {
    this.#dropped++;
    this.#onDropped?.(subject);
  }
}
