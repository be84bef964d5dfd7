import { UserError } from '../../base/errors.ts';
import { MIN_WATERMARK } from '../../base/time.ts';
import type { Key } from '../../functions/basic.ts';
import type { KeyedStateStore } from '../../functions/context.ts';
import type { OutputTag } from '../../functions/output-tag.ts';
import { ProcessWindowFunction } from '../../functions/window.ts';
import type { ProcessWindowContext, ProcessWindowLike } from '../../functions/window.ts';
import { keyFromIdentity } from '../../state/index.ts';
import type { KeyedStateBackend, KeyIdentity } from '../../state/index.ts';
import type { OperatorContext } from '../chain/operator.ts';
import { OutputCollector } from '../operators/output-collector.ts';
import { callable, closeFunction, openFunction, refusePromise } from '../operators/user-function.ts';
import type { Fold, WindowMode } from './fold.ts';
import { Window } from './time-window.ts';

type Process = (
  key: Key,
  context: ProcessWindowContext,
  elements: Iterable<unknown>,
  out: OutputCollector,
) => unknown;
type Clear = (key: Key, context: ProcessWindowContext) => void;

/** The context of one operator, reused for all windows. */
class EmitterContext implements ProcessWindowContext {
  window = new Window(0, 0);
  watermark = MIN_WATERMARK;
  readonly #context: OperatorContext;
  readonly #backend: KeyedStateBackend;
  readonly #collector: OutputCollector;
  readonly #merging: boolean;

  constructor(context: OperatorContext, collector: OutputCollector, merging: boolean) {
    this.#context = context;
    this.#backend = context.keyedState();
    this.#collector = collector;
    this.#merging = merging;
  }

  currentProcessingTime(): number {
    return this.#context.clock.now();
  }

  currentWatermark(): number {
    return this.watermark;
  }

  windowState(): KeyedStateStore {
    if (this.#merging)
      throw new UserError(
        'windowState() is not available in session windows, since they merge: use globalState()',
      );
    return this.#backend.namespaced;
  }

  globalState(): KeyedStateStore {
    return this.#backend;
  }

  output<S>(tag: OutputTag<S>, value: S): void {
    this.#collector.side(tag as OutputTag<unknown>, value);
  }
}

/** Hands the results of windows on: directly, or through the user's ProcessWindowFunction. */
export class WindowEmitter {
  readonly #context: OperatorContext;
  readonly #fold: Fold;
  readonly #alone: boolean;
  readonly #fn: ProcessWindowLike<never, unknown, never> | undefined;
  readonly #process: Process | undefined;
  readonly #clear: Clear | undefined;
  readonly #collector: OutputCollector;
  readonly #windowContext: EmitterContext;
  readonly #backend: KeyedStateBackend;

  constructor(context: OperatorContext, mode: WindowMode, fold: Fold, merging: boolean) {
    this.#context = context;
    this.#fold = fold;
    this.#fn = mode.processFn;
    this.#alone = !('aggregate' in mode) && !('reduce' in mode);
    this.#process = mode.processFn && callable<Process>(mode.processFn, 'process', 'process of a window');
    this.#clear =
      typeof mode.processFn === 'object' && mode.processFn.clear !== ProcessWindowFunction.prototype.clear
        ? callable<Clear>(mode.processFn, 'clear', 'clear of a window')
        : undefined;
    this.#collector = new OutputCollector(context);
    this.#windowContext = new EmitterContext(context, this.#collector, merging);
    this.#backend = context.keyedState();
  }

  /** Whether windows must be cleared one by one: for the user's function, or since they hold state. */
  get clears(): boolean {
    return this.#clear !== undefined || (this.#process !== undefined && this.#backend.hasNamespaced);
  }

  /** Whether the user's function may ask for rows that are not here. */
  get lacksRows(): boolean {
    return this.#process !== undefined && this.#backend.remote?.any === true;
  }

  /** Whether all rows are here; where not, the task waits for them: windows are of keys of all key groups. */
  fetchRows(): boolean {
    return this.#backend.remote?.hasAll() ?? true;
  }

  set watermark(watermark: number) {
    this.#windowContext.watermark = watermark;
  }

  /** Emits one key's window. `retained`: its accumulator lives on. */
  emit(identity: KeyIdentity, accumulator: unknown, start: number, end: number, retained: boolean): void {
    const { trace, node, output } = this.#context;
    trace.node = node;
    const result = this.#fold.result(accumulator, retained);
    if (this.#process === undefined) {
      output(result, end - 1);
      return;
    }
    const key = this.#enter(identity, start, end);
    this.#collector.timestamp = end - 1;
    const elements = this.#alone ? (result as unknown[]) : [result];
    const returned = this.#process(key, this.#windowContext, elements, this.#collector);
    if (returned !== undefined) refusePromise(returned, 'process of a window');
  }

  /** The window of this key is gone. */
  clear(identity: KeyIdentity, start: number, end: number): void {
    const key = this.#enter(identity, start, end);
    this.#context.trace.node = this.#context.node;
    this.#clear?.(key, this.#windowContext);
    this.#backend.clearNamespace();
  }

  open(): void | Promise<void> {
    return openFunction(this.#fn, this.#context.runtimeContext(true));
  }

  close(): void | Promise<void> {
    return closeFunction(this.#fn);
  }

  #enter(identity: KeyIdentity, start: number, end: number): Key {
    const key = keyFromIdentity(identity);
    this.#backend.setCurrentKey(key);
    this.#backend.setCurrentNamespace(end);
    this.#windowContext.window = new Window(start, end);
    return key;
  }
}
