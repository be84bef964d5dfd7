import type { MessagePort } from 'node:worker_threads';
import { BRIDGE_TRANSFER_BYTES, BRIDGE_UNCONFIRMED_MESSAGES, CONFIRM_SHARE } from '../../base/limits.ts';
import { TRANSPORT_UNCONFIRMED_BYTES } from '../../base/limits.ts';
import type { Confirmation, WireMessage } from './bridge-protocol.ts';

type Operation = { readonly op: string } & { readonly message?: WireMessage };

/**
 * One end of a MessagePort: sends operations in batches (one `postMessage` per turn) and keeps account of what the
 * other end has confirmed, since a port's own queue has no bound.
 */
export class PortLink<Sent extends Operation, Received extends Operation> {
  readonly #port: MessagePort;
  #batch: (Sent | Confirmation)[] = [];
  #moved: ArrayBuffer[] = [];
  #unconfirmedMessages = 0;
  #unconfirmedBytes = 0;
  #handledMessages = 0;
  #handledBytes = 0;
  #open = true;

  constructor(
    port: MessagePort,
    handle: (operation: Exclude<Received, Confirmation>) => void,
    onClose: () => void,
  ) {
    this.#port = port;
    port.on('message', (batch: readonly Received[]) => this.#receive(batch, handle));
    port.on('close', () => {
      this.#open = false;
      onClose();
    });
  }

  get unconfirmedBytes(): number {
    return this.#unconfirmedBytes;
  }

  /** Whether a message with `bytes` of payload would exceed the bounds. An idle link takes any message. */
  isFull(bytes: number): boolean {
    if (this.#unconfirmedMessages === 0) return false;
    return (
      this.#unconfirmedMessages >= BRIDGE_UNCONFIRMED_MESSAGES ||
      this.#unconfirmedBytes + bytes > TRANSPORT_UNCONFIRMED_BYTES
    );
  }

  /** Queues an operation. The payload of its message must own its buffer: large ones are moved, not copied. */
  send(operation: Sent | Confirmation): void {
    if (!this.#open) return;
    if (this.#batch.length === 0) queueMicrotask(() => this.#post());
    this.#batch.push(operation);
    const payload = 'message' in operation ? operation.message?.payload : undefined;
    if (payload === undefined) return;
    this.#unconfirmedMessages++;
    this.#unconfirmedBytes += payload.byteLength;
    if (payload.byteLength >= BRIDGE_TRANSFER_BYTES) this.#moved.push(payload.buffer as ArrayBuffer);
  }

  /** Sends what waits and closes the port on both sides. */
  close(): void {
    if (!this.#open) return;
    this.#post();
    this.#open = false;
    this.#port.close();
  }

  #post(): void {
    if (!this.#open || this.#batch.length === 0) return;
    const batch = this.#batch;
    const moved = this.#moved;
    this.#batch = [];
    this.#moved = [];
    this.#port.postMessage(batch, moved);
  }

  #receive(batch: readonly Received[], handle: (operation: Exclude<Received, Confirmation>) => void): void {
    for (const operation of batch) {
      if (!this.#open) return;
      if (isConfirmation(operation)) {
        this.#unconfirmedMessages -= operation.messages;
        this.#unconfirmedBytes -= operation.bytes;
        continue;
      }
      handle(operation as Exclude<Received, Confirmation>);
      if (operation.message !== undefined) this.#confirm(operation.message.payload.byteLength);
    }
  }

  #confirm(bytes: number): void {
    this.#handledMessages++;
    this.#handledBytes += bytes;
    const due =
      this.#handledMessages >= BRIDGE_UNCONFIRMED_MESSAGES * CONFIRM_SHARE ||
      this.#handledBytes >= TRANSPORT_UNCONFIRMED_BYTES * CONFIRM_SHARE;
    if (!due) return;
    this.send({ op: 'confirm', messages: this.#handledMessages, bytes: this.#handledBytes });
    this.#handledMessages = 0;
    this.#handledBytes = 0;
  }
}

function isConfirmation(operation: Operation): operation is Confirmation {
  return operation.op === 'confirm';
}
