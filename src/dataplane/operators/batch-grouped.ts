import { MAX_WATERMARK, MIN_WATERMARK } from '../../base/time.ts';
import type { KeySelector } from '../../functions/basic.ts';
import { keyIdentity } from '../../state/index.ts';
import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';
import { keyOfInputs, SortedInput } from '../spill/index.ts';
import type { KeyedRecords } from '../spill/index.ts';

/** A key that is being replayed: its records, piece by piece, then its event-time timers, then those of wall time. */
interface Replay {
  records: KeyedRecords;
  next: number;
  phase: 'records' | 'event-time' | 'processing-time' | 'end';
}

/**
 * Runs a keyed operator in execution mode BATCH: keeps its keyed records until all have come, in memory and temporary files,
 * then hands them in key by key, keys sorted, records of a key by time. Between two keys event time goes to its end and begins
 * anew, so that a key's timers and windows fire before the next key begins, and the key's state is dropped. An input without
 * keys (a broadcast one) passes at once, before the others.
 */
class BatchGroupedOperator implements StreamOperator {
  readonly #inner: StreamOperator;
  readonly #keys: readonly (KeySelector<unknown> | undefined)[];
  #context!: OperatorContext;
  #entries: readonly Emit[] = [];
  #input!: SortedInput;
  #replay: Replay | undefined;
  /** The first records of the key after the one in replay. */
  #following: KeyedRecords | undefined;

  constructor(inner: StreamOperator, keys: readonly (KeySelector<unknown> | undefined)[]) {
    this.#inner = inner;
    this.#keys = keys;
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    this.#entries = this.#inner.setup(context);
    const { trace, node, flow, settings, spillFiles } = context;
    const sorted = new SortedInput({
      budgetBytes: settings.sortedInputsBytes,
      files: spillFiles,
      keyOf: keyOfInputs(this.#keys),
      order: 'time',
      waitFor: (promise) => flow.waitFor(promise, node),
    });
    this.#input = sorted;
    return this.#entries.map((entry, input): Emit => {
      const selectKey = this.#keys[input];
      if (selectKey === undefined) return entry;
      return (value, timestamp) => {
        trace.node = node;
        const key = selectKey(value);
        sorted.add(key, keyIdentity(key), value, timestamp, input);
      };
    });
  }

  open(): void | Promise<void> {
    return this.#inner.open?.();
  }

  /** In BATCH the only watermark is the last one. */
  advanceWatermark(watermark: number): boolean {
    if (watermark !== MAX_WATERMARK) return true;
    for (;;) {
      if (this.#replay === undefined) {
        const records = this.#following ?? this.#input.next();
        if (records === 'waiting') return false;
        if (records === undefined) break;
        this.#following = undefined;
        this.#replay = { records, next: 0, phase: 'records' };
      }
      if (!this.#run(this.#replay)) return false;
      this.#endKey(this.#replay.records);
      this.#replay = undefined;
      if (this.#context.flow.blocked) return false;
    }
    return this.#inner.advanceWatermark?.(MAX_WATERMARK) ?? true;
  }

  #endKey({ key }: KeyedRecords): void {
    this.#inner.advanceWatermark?.(MIN_WATERMARK);
    const state = this.#context.keyedState();
    state.setCurrentKey(key);
    state.clearKey();
  }

  /** False: stopped by a full output, or until records are read. */
  #run(replay: Replay): boolean {
    if (replay.phase === 'records') {
      if (!this.#replayRecords(replay)) return false;
      replay.phase = 'event-time';
    }
    if (replay.phase === 'event-time') {
      if (this.#inner.advanceWatermark?.(MAX_WATERMARK) === false) return false;
      replay.phase = 'processing-time';
    }
    if (replay.phase === 'processing-time') {
      if (this.#inner.advanceProcessingTime?.(Number.MAX_SAFE_INTEGER) === false) return false;
      replay.phase = 'end';
    }
    return true;
  }

  #replayRecords(replay: Replay): boolean {
    for (;;) {
      if (!this.#replayPiece(replay)) return false;
      const more = this.#input.next();
      if (more === 'waiting') return false;
      if (more?.identity !== replay.records.identity) {
        this.#following = more;
        return true;
      }
      replay.records = more;
      replay.next = 0;
    }
  }

  #replayPiece(replay: Replay): boolean {
    const { trace, flow } = this.#context;
    const { values, timestamps, inputs } = replay.records;
    trace.values = values;
    while (replay.next < values.length && !flow.blocked) {
      const at = replay.next;
      trace.index = at;
      replay.next += 1;
      (this.#entries[inputs[at] as number] as Emit)(values[at], timestamps[at] as number);
    }
    trace.values = undefined;
    return !flow.blocked;
  }

  endInput(input: number): boolean {
    return this.#inner.endInput?.(input) ?? true;
  }

  finish(): void | Promise<void> {
    return this.#inner.finish?.();
  }

  async close(aborted: boolean): Promise<void> {
    await this.#input.close();
    await this.#inner.close?.(aborted);
  }
}

/** The same operator for BATCH; `keys` has one entry per input, undefined where the input has no keys. */
export function batchGroupedOperator(
  factory: Pick<OperatorFactory, 'kind' | 'inputs' | 'create'>,
  keys: readonly (KeySelector<unknown> | undefined)[],
): OperatorFactory {
  const { kind, inputs } = factory;
  return { kind, inputs, create: () => new BatchGroupedOperator(factory.create(), keys) };
}
