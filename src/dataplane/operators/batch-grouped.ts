import { MAX_WATERMARK, MIN_WATERMARK } from '../../base/time.ts';
import type { Key, KeySelector } from '../../functions/basic.ts';
import { compareKeys, keyIdentity } from '../../state/index.ts';
import type { KeyIdentity } from '../../state/index.ts';
import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';

/** Records of one key, of all keyed inputs. */
interface Group {
  readonly key: Key;
  readonly records: GroupedRecord[];
}

interface GroupedRecord {
  readonly input: number;
  readonly value: unknown;
  readonly timestamp: number;
}

/** A group that is being replayed: its records, then its event-time timers, then those of wall time. */
interface Replay {
  readonly records: readonly GroupedRecord[];
  readonly values: readonly unknown[];
  next: number;
  phase: 'records' | 'event-time' | 'processing-time' | 'end';
}

/**
 * Runs a keyed operator in execution mode BATCH: keeps its keyed records until all have come, then hands them in key by key,
 * keys sorted, records of a key by time. Between two keys event time goes to its end and begins anew, so that a key's timers
 * and windows fire before the next key begins. An input without keys (a broadcast one) passes at once, before the others.
 */
class BatchGroupedOperator implements StreamOperator {
  readonly #inner: StreamOperator;
  readonly #keys: readonly (KeySelector<unknown> | undefined)[];
  readonly #groups = new Map<KeyIdentity, Group>();
  #context!: OperatorContext;
  #entries: readonly Emit[] = [];
  #sorted: Group[] | undefined;
  #replay: Replay | undefined;

  constructor(inner: StreamOperator, keys: readonly (KeySelector<unknown> | undefined)[]) {
    this.#inner = inner;
    this.#keys = keys;
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    this.#entries = this.#inner.setup(context);
    const { trace, node } = context;
    return this.#entries.map((entry, input): Emit => {
      const selectKey = this.#keys[input];
      if (selectKey === undefined) return entry;
      return (value, timestamp) => {
        trace.node = node;
        const key = selectKey(value);
        const identity = keyIdentity(key);
        const group = this.#groups.get(identity);
        const record = { input, value, timestamp };
        if (group === undefined) this.#groups.set(identity, { key, records: [record] });
        else group.records.push(record);
      };
    });
  }

  open(): void | Promise<void> {
    return this.#inner.open?.();
  }

  /** In BATCH the only watermark is the last one. */
  advanceWatermark(watermark: number): boolean {
    if (watermark !== MAX_WATERMARK) return true;
    // From the largest key down, to take from the end.
    this.#sorted ??= [...this.#groups.values()].toSorted((a, b) => compareKeys(b.key, a.key));
    this.#groups.clear();
    for (;;) {
      if (this.#replay === undefined) {
        const group = this.#sorted.pop();
        if (group === undefined) break;
        this.#replay = startReplay(group);
      }
      if (!this.#run(this.#replay)) return false;
      this.#replay = undefined;
      this.#inner.advanceWatermark?.(MIN_WATERMARK);
      if (this.#context.flow.blocked) return false;
    }
    return this.#inner.advanceWatermark?.(MAX_WATERMARK) ?? true;
  }

  /** False: stopped by a full output. */
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
    const { trace, flow } = this.#context;
    const { records, values } = replay;
    trace.values = values;
    while (replay.next < records.length && !flow.blocked) {
      const { input, value, timestamp } = records[replay.next] as GroupedRecord;
      trace.index = replay.next;
      replay.next += 1;
      (this.#entries[input] as Emit)(value, timestamp);
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

  close(aborted: boolean): void | Promise<void> {
    return this.#inner.close?.(aborted);
  }
}

/** Records by time, then by input, then in order of arrival. */
function startReplay({ records }: Group): Replay {
  const sorted = records.toSorted((a, b) => a.timestamp - b.timestamp || a.input - b.input);
  return { records: sorted, values: sorted.map(({ value }) => value), next: 0, phase: 'records' };
}

/** The same operator for BATCH; `keys` has one entry per input, undefined where the input has no keys. */
export function batchGroupedOperator(
  factory: Pick<OperatorFactory, 'kind' | 'inputs' | 'create'>,
  keys: readonly (KeySelector<unknown> | undefined)[],
): OperatorFactory {
  const { kind, inputs } = factory;
  return { kind, inputs, create: () => new BatchGroupedOperator(factory.create(), keys) };
}
