import { UserError } from '../../base/errors.ts';
import { MIN_WATERMARK } from '../../base/time.ts';
import type { AsyncFunction, AsyncLike, AsyncRetryStrategy } from '../../functions/async.ts';
import { AsyncTimeoutError } from '../../functions/async.ts';
import { ListStateDescriptor } from '../../functions/state.ts';
import type { ListState } from '../../functions/state.ts';
import type { TimerHandle } from '../../ports/clock.ts';
import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';
import { AsyncQueue } from './async-queue.ts';
import type { AsyncEntry } from './async-queue.ts';
import { closeFunction, openFunction } from './user-function.ts';

export interface AsyncWaitOptions {
  /** Results come in the order of their records; else as they come, but never across a watermark. */
  readonly ordered: boolean;
  readonly timeoutMs: number;
  /** Requests under way at once: the operator takes no record beyond it. */
  readonly capacity: number;
  readonly retry?: AsyncRetryStrategy<unknown>;
}

type Settle = { complete(results: Iterable<unknown>): void; completeExceptionally(error: unknown): void };

/** A record that has not left the operator. */
interface UnderWay {
  readonly value: unknown;
  readonly timestamp: number;
}

const UNDER_WAY = new ListStateDescriptor<UnderWay>('under way');

/**
 * Async I/O: starts a request per record and emits results from the task's own loop, so that nothing is emitted into a full
 * output and watermarks stay behind the records they followed.
 */
class AsyncWaitOperator implements StreamOperator {
  readonly #fn: AsyncLike<unknown, unknown>;
  readonly #options: AsyncWaitOptions;
  readonly #queue: AsyncQueue;
  #context!: OperatorContext;
  #sentWatermark = MIN_WATERMARK;
  #failure: { readonly error: unknown } | undefined;
  #state: ListState<UnderWay> | undefined;
  #closed = false;
  /** Wakes whoever waits for a completion. */
  #changed = Promise.withResolvers<void>();

  constructor(fn: AsyncLike<unknown, unknown>, options: AsyncWaitOptions) {
    this.#fn = fn;
    this.#options = options;
    this.#queue = new AsyncQueue(options.ordered);
  }

  get userFunction(): unknown {
    return this.#fn;
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    const { trace, node } = context;
    return [
      (value, timestamp) => {
        trace.node = node;
        this.#throwFailure();
        this.#request(this.#queue.add(value, timestamp));
        if (this.#queue.inFlight >= this.#options.capacity) this.#awaitChange();
      },
    ];
  }

  /** Requests that were under way at a checkpoint are made again, in their order. */
  async open(): Promise<void> {
    await openFunction(this.#fn, this.#context.runtimeContext(false));
    this.#state = this.#context.operatorState().getListState(UNDER_WAY);
    for (const { value, timestamp } of this.#state.get()) this.#request(this.#queue.add(value, timestamp));
    this.#state.clear();
  }

  snapshotState(): void {
    this.#state?.update([...this.#queue.entries()].map(({ value, timestamp }) => ({ value, timestamp })));
  }

  /** Emits what is ready; called by the task whenever `nextProcessingTimer` says that something is. */
  advanceProcessingTime(): boolean {
    this.#throwFailure();
    return this.#emitReady();
  }

  nextProcessingTimer(): number | undefined {
    return this.#failure !== undefined || this.#queue.ready ? Number.NEGATIVE_INFINITY : undefined;
  }

  advanceWatermark(watermark: number): boolean {
    this.#queue.addWatermark(watermark);
    return this.#emitReady();
  }

  currentWatermark(): number {
    return this.#sentWatermark;
  }

  endInput(): boolean {
    this.#throwFailure();
    if (!this.#emitReady()) return false;
    if (this.#queue.ready) {
      // A watermark was taken: it goes through the chain before what follows it.
      this.#context.flow.waitFor(Promise.resolve(), this.#context.node);
      return false;
    }
    if (this.#queue.inFlight === 0) return true;
    this.#awaitChange();
    return false;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const entry of this.#queue.pending()) this.#clearTimer(entry);
    await closeFunction(this.#fn);
  }

  #emitReady(): boolean {
    const { trace, node, output, flow } = this.#context;
    while (this.#queue.ready) {
      const next = this.#queue.take();
      if (next === undefined) break;
      if ('watermark' in next) {
        this.#sentWatermark = next.watermark;
        // Records of later watermarks wait until this one has been sent on.
        return true;
      }
      for (const result of next.results) {
        output(result, next.timestamp);
        trace.node = node;
      }
      if (flow.blocked) return false;
    }
    return true;
  }

  #awaitChange(): void {
    this.#context.flow.waitFor(this.#changed.promise, this.#context.node);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #request(entry: AsyncEntry): void {
    entry.timer = this.#context.clock.setTimeout(
      () => this.#timedOut(entry),
      this.#options.timeoutMs,
      'async timeout',
    );
    this.#try(entry, 1);
  }

  #try(entry: AsyncEntry, attempt: number): void {
    const settle = this.#settlement(entry, attempt);
    try {
      const fn = this.#fn;
      const started = typeof fn === 'function' ? fn(entry.value) : fn.asyncInvoke(entry.value, settle);
      if (!(started instanceof Promise)) return;
      started.then(
        (results) => {
          if (typeof fn === 'function') settle.complete(results as Iterable<unknown>);
        },
        (error: unknown) => settle.completeExceptionally(error),
      );
    } catch (error) {
      settle.completeExceptionally(error);
    }
  }

  /** The first outcome of a try counts; it is kept, or tried again. */
  #settlement(entry: AsyncEntry, attempt: number): Settle {
    let open = true;
    const { retry } = this.#options;
    const once = (act: () => void): void => {
      if (!open || entry.done || this.#closed) return;
      open = false;
      act();
    };
    const again = (): void => {
      this.#context.clock.setTimeout(
        () => {
          if (!entry.done && !this.#closed) this.#try(entry, attempt + 1);
        },
        retry?.backoffMs(attempt + 1) ?? 0,
      );
    };
    const mayRetry = retry !== undefined && attempt < retry.maxAttempts;
    return {
      complete: (results) =>
        once(() => {
          const list = [...results];
          if (mayRetry && retry.retryOnResult(list)) again();
          else this.#complete(entry, list);
        }),
      completeExceptionally: (error) =>
        once(() => {
          if (mayRetry && retry.retryOnException(error)) again();
          else this.#fail(entry, error);
        }),
    };
  }

  #timedOut(entry: AsyncEntry): void {
    if (entry.done || this.#closed) return;
    const settle: Settle = {
      complete: (results) => this.#complete(entry, [...results]),
      completeExceptionally: (error) => this.#fail(entry, error),
    };
    if (typeof this.#fn === 'function') {
      const { timeoutMs } = this.#options;
      settle.completeExceptionally(
        new AsyncTimeoutError(`an asynchronous request took longer than ${timeoutMs} ms`),
      );
      return;
    }
    try {
      (this.#fn as AsyncFunction<unknown, unknown>).timeout(entry.value, settle);
    } catch (error) {
      settle.completeExceptionally(error);
    }
  }

  #complete(entry: AsyncEntry, results: readonly unknown[]): void {
    if (entry.done) return;
    this.#clearTimer(entry);
    this.#queue.complete(entry, results);
    this.#notify();
  }

  #fail(entry: AsyncEntry, error: unknown): void {
    if (entry.done) return;
    this.#clearTimer(entry);
    this.#failure ??= { error };
    this.#queue.complete(entry, []);
    this.#notify();
  }

  #clearTimer(entry: AsyncEntry): void {
    if (entry.timer !== undefined) this.#context.clock.clearTimeout(entry.timer as TimerHandle);
  }

  #notify(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
    this.#context.flow.wake();
  }
}

/**
 * @throws UserError when capacity or timeout is not positive
 */
export function asyncWaitOperator<I, O>(fn: AsyncLike<I, O>, options: AsyncWaitOptions): OperatorFactory {
  const { capacity, timeoutMs } = options;
  if (!Number.isSafeInteger(capacity) || capacity < 1) {
    throw new UserError(`async I/O needs a capacity of at least 1, got ${capacity}`);
  }
  if (!(timeoutMs > 0)) throw new UserError(`async I/O needs a positive timeout, got ${timeoutMs} ms`);
  if (typeof fn !== 'function' && typeof fn?.asyncInvoke !== 'function') {
    throw new UserError(
      'async I/O needs a function that returns a promise, or an AsyncFunction with asyncInvoke()',
    );
  }
  const untyped = fn as unknown as AsyncLike<unknown, unknown>;
  return { kind: 'asyncWait', inputs: 1, create: () => new AsyncWaitOperator(untyped, options) };
}
