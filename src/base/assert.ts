import { InternalError } from './errors.ts';

/** Raised when an invariant of Millrace itself does not hold. */
export class AssertionError extends InternalError {}

/** States an invariant; stays on in production. Never used for bad input or the world's failures. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(`invariant broken: ${message}`);
}

/** Closes an exhaustive switch: a new member of the union does not compile until it is handled. */
export function assertNever(value: never, what: string): never {
  throw new AssertionError(`unexpected ${what}: ${JSON.stringify(value)}`);
}
