import { UserError } from '../../base/errors.ts';
import type { FunctionInitializationContext } from '../../functions/checkpointed.ts';
import type { OperatorRuntimeContext } from '../chain/runtime-context.ts';
import type { RuntimeContext } from '../../functions/context.ts';

/** Life-cycle methods that a user's function object may have. */
interface LifeCycle {
  setRuntimeContext?(context: RuntimeContext): void;
  initializeState?(context: FunctionInitializationContext): void | Promise<void>;
  open?(context: RuntimeContext): void | Promise<void>;
  close?(): void | Promise<void>;
}

const lifeCycle = (fn: unknown): LifeCycle => (typeof fn === 'object' && fn !== null ? fn : {});

/** Prepares a function object; plain functions need nothing. */
export function openFunction(fn: unknown, context: OperatorRuntimeContext): void | Promise<void> {
  const own = lifeCycle(fn);
  own.setRuntimeContext?.(context);
  const initialized = own.initializeState?.(context.initializationContext());
  if (initialized !== undefined) return initialized.then(() => own.open?.(context));
  return own.open?.(context);
}

export function closeFunction(fn: unknown): void | Promise<void> {
  return lifeCycle(fn).close?.();
}

/** Any function; parameters are checked by the typed factories that call `callable`. */
type AnyFunction = (...args: never[]) => unknown;

/**
 * The plain function behind what a user passed: a function, or an object with `method`.
 * @throws UserError when it is neither, or asynchronous
 */
export function callable<F extends AnyFunction>(fn: unknown, method: string, operator: string): F {
  const found: unknown =
    typeof fn === 'function' ? fn : (fn as Record<string, unknown> | null | undefined)?.[method];
  if (typeof found !== 'function') {
    throw new UserError(
      `${operator} needs a function or an object with a method ${method}(), got ${describe(fn)}`,
    );
  }
  if (found.constructor.name === 'AsyncFunction') throw asyncRefused(operator);
  return (typeof fn === 'function' ? found : found.bind(fn)) as F;
}

/** For a function whose result must be a plain value. */
export function asyncRefused(operator: string): UserError {
  return new UserError(
    `the function of ${operator} is asynchronous (it returned a promise): functions on records are synchronous; ` +
      'do asynchronous work in open(), in a source, in a sink, or with async I/O',
  );
}

/** A reduction's result, which must be a value. @throws UserError where the function returned nothing, or a promise */
export function reducedValue(reduced: unknown, operator: string): unknown {
  if (reduced === undefined) {
    throw new UserError(
      `the function of ${operator} returned undefined: it must return the reduced value, also where it changes its first ` +
        'argument in place',
    );
  }
  if (reduced instanceof Promise) throw asyncRefused(operator);
  return reduced;
}

/** For a function that should return nothing or something simple; called off the hot path with what came instead. */
export function refusePromise(result: unknown, operator: string): void {
  if (
    typeof result === 'object' &&
    result !== null &&
    typeof (result as { then?: unknown }).then === 'function'
  ) {
    throw asyncRefused(operator);
  }
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return `an object of class ${(value as { constructor?: { name?: string } }).constructor?.name ?? 'unknown'}`;
}
