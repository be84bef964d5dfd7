import { DeadlineExceededError, deserializeError, serializeError } from '../../base/errors.ts';
import type { MillraceError, SerializedError } from '../../base/errors.ts';
import { NoRespondersError, TransportClosedError } from '../errors.ts';

/** What crosses a MessagePort between `connectPort` (the guest) and `servePort` (the host), in batches. */
export type GuestOperation =
  | { readonly op: 'publish'; readonly message: WireMessage }
  | { readonly op: 'request'; readonly id: number; readonly timeoutMs: number; readonly message: WireMessage }
  | { readonly op: 'subscribe'; readonly id: number; readonly pattern: string }
  | { readonly op: 'unsubscribe'; readonly id: number }
  | { readonly op: 'flush'; readonly id: number }
  | { readonly op: 'close' }
  | Confirmation;

export type HostOperation =
  | { readonly op: 'hello'; readonly maxPayload: number }
  | { readonly op: 'message'; readonly id: number; readonly message: WireMessage }
  | { readonly op: 'reply'; readonly id: number; readonly message: WireMessage }
  | { readonly op: 'refused'; readonly id: number; readonly error: WireError }
  | { readonly op: 'flushed'; readonly id: number; readonly error?: WireError }
  | { readonly op: 'closed'; readonly reason?: SerializedError }
  | Confirmation;

/** So much of what the other side sent has been handled. */
export interface Confirmation {
  readonly op: 'confirm';
  readonly messages: number;
  readonly bytes: number;
}

export interface WireMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers?: readonly string[];
  readonly replyTo?: string;
}

/** An error with the class that callers tell apart. */
export interface WireError {
  readonly kind: 'no-responders' | 'deadline' | 'closed' | 'other';
  readonly subject: string;
  readonly error: SerializedError;
}

export function toWireError(thrown: unknown, subject: string): WireError {
  return { kind: kindOf(thrown), subject, error: serializeError(thrown, 'internal') };
}

export function fromWireError(wire: WireError): MillraceError {
  switch (wire.kind) {
    case 'no-responders':
      return new NoRespondersError(wire.subject);
    case 'deadline':
      return new DeadlineExceededError(wire.error.message);
    case 'closed':
      return new TransportClosedError(wire.error.message);
    case 'other':
      return deserializeError(wire.error);
  }
}

function kindOf(thrown: unknown): WireError['kind'] {
  if (thrown instanceof NoRespondersError) return 'no-responders';
  if (thrown instanceof DeadlineExceededError) return 'deadline';
  if (thrown instanceof TransportClosedError) return 'closed';
  return 'other';
}
