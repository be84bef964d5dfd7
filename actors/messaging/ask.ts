import type { z } from 'zod';
import {
  DeadlineExceededError,
  ExternalError,
  MillraceError,
  deserializeError,
} from '../../src/base/errors.ts';
import type { Clock } from '../../src/ports/clock.ts';
import {
  ACCEPT_ENCODING,
  MESSAGE_ID,
  TRACEPARENT,
  ZSTD,
  decodeMessage,
  encodeForWire,
} from '../../src/protocol/codec.ts';
import type { ActorEnvironment } from './environment.ts';
import type { Message } from './serve.ts';

/** How long and how often a request is tried. */
export interface AskPolicy {
  /** Deadline of one try; ms. */
  readonly timeoutMs: number;
  /** Tries in all. */
  readonly attempts: number;
  /** Pause before the second try; doubles up to `maxPauseMs`. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
  /** Asked before each further try: false gives up (the asker has moved on). */
  readonly wanted?: () => boolean;
}

/** A try of a few seconds in all: for requests whose sender has its own way to go on. */
export const BRIEF: AskPolicy = { timeoutMs: 2_000, attempts: 3, pauseMs: 100, maxPauseMs: 1_000 };
/** For facts that must arrive while both ends live: about two minutes of tries. */
export const PERSISTENT: AskPolicy = { timeoutMs: 2_000, attempts: 60, pauseMs: 50, maxPauseMs: 2_000 };

/**
 * Sends a request until it is answered: delivery is at most once, so every handler is idempotent. A `refused` answer
 * rejects with its error, at once unless that is retryable. A `fenced` of an earlier epoch is no answer.
 * @throws the last try's error when all are used up.
 */
export async function ask<R extends { readonly type: string }>(
  environment: ActorEnvironment,
  subject: string,
  message: Message,
  replies: z.ZodType<R>,
  policy: AskPolicy,
): Promise<Exclude<R, { readonly type: 'refused' }>> {
  const { payload, headers: ofPayload } = encodeForWire(message, 'msgpack', true);
  const { current } = environment.scope;
  const headers = {
    ...ofPayload,
    [ACCEPT_ENCODING]: ZSTD,
    [MESSAGE_ID]: environment.random.hex(8),
    ...(current === undefined ? {} : { [TRACEPARENT]: current }),
  };
  let pause = policy.pauseMs;
  for (let tried = 1; ; tried++) {
    try {
      const answer = await environment.transport.request(subject, payload, {
        headers,
        timeoutMs: policy.timeoutMs,
      });
      const decoded = decodeMessage(replies, answer.payload, answer.headers, subject);
      if (isRefused(decoded)) throw deserializeError(decoded.error);
      checkIsNotOutlived(decoded, message, subject);
      return decoded as Exclude<R, { readonly type: 'refused' }>;
    } catch (error) {
      const retryable = !(error instanceof MillraceError) || error.retryable;
      if (tried >= policy.attempts || !retryable || policy.wanted?.() === false) throw error;
      await sleep(environment.clock, pause);
      pause = Math.min(pause * 2, policy.maxPauseMs);
      if (policy.wanted?.() === false) throw error;
    }
  }
}

/**
 * Somebody who follows a leader before ours says `fenced` to what is not for them: whom it is for has perhaps not heard it.
 * @throws ExternalError: the next try may reach them
 */
function checkIsNotOutlived(answer: { readonly type: string }, message: Message, subject: string): void {
  if (answer.type !== 'fenced' || !('epoch' in answer)) return;
  const [theirs, ours] = [answer.epoch, message['epoch']];
  if (typeof theirs !== 'number' || typeof ours !== 'number' || theirs >= ours) return;
  throw new ExternalError(
    `on subject '${subject}' somebody answers who still follows leader epoch ${theirs}, ours is ${ours}`,
  );
}

type RefusedReply = { readonly type: 'refused'; readonly error: Parameters<typeof deserializeError>[0] };

function isRefused(message: { readonly type: string }): message is RefusedReply {
  return message.type === 'refused';
}

/** Resolves after `ms` of the port's clock. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });
}

/** Rejects with DeadlineExceededError when `work` has not settled within `ms`. */
export async function within<T>(clock: Clock, ms: number, what: string, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.setTimeout(
      () => reject(new DeadlineExceededError(`${what} took longer than ${ms} ms`)),
      ms,
    );
    work.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}
