import { ExternalError, UserError } from '../../base/errors.ts';

/** A channel broke: the attempt fails, and a new one may succeed. */
export class ChannelError extends ExternalError {}

/** Frames are missing between two that arrived. */
export class ChannelGapError extends ChannelError {
  constructor(channel: string, expected: number, got: number) {
    super(`channel ${channel} lost frames: expected sequence ${expected}, got ${got}`);
  }
}

/** Nothing was heard from the other end for too long. */
export class ChannelSilentError extends ChannelError {
  constructor(channel: string, end: 'producer' | 'consumer', silenceMs: number) {
    super(`channel ${channel}: nothing heard from its ${end} for ${silenceMs} ms`);
  }
}

/** A frame does not hold what its checksum or its header says. */
export class ChannelCorruptError extends ChannelError {
  constructor(channel: string, what: string) {
    super(`channel ${channel} received a corrupt frame: ${what}`);
  }
}

/** The connection under a channel was closed. */
export class ChannelClosedError extends ChannelError {
  constructor(channel: string, options: { cause?: unknown } = {}) {
    super(`channel ${channel} was closed while in use`, options);
  }
}

/** One record is larger than a channel carries. */
export class RecordTooLargeError extends UserError {
  constructor(bytes: number, limit: number) {
    super(
      `a record of ${bytes} bytes is larger than a channel carries (${limit} bytes): split it, or pass a reference to it`,
    );
  }
}

/** A record holds something that cannot leave its thread. */
export class RecordNotSerializableError extends UserError {}
