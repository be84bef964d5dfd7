import { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP } from '../../base/time.ts';
import type { WatermarkStrategy } from '../../functions/watermark.ts';
import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';
import { nextWatermark, timestampOf } from './event-time.ts';

/** Assigns timestamps and makes watermarks in mid-stream; watermarks from upstream end here, but for the last one. */
class TimestampsAndWatermarksOperator implements StreamOperator {
  readonly #strategy: WatermarkStrategy<unknown>;
  readonly #generator;
  #context: OperatorContext | undefined;
  #watermark = MIN_WATERMARK;
  #records = 0;
  #recordsAtCheck = -1;
  #activeAt = 0;

  constructor(strategy: WatermarkStrategy<unknown>) {
    this.#strategy = strategy;
    this.#generator = strategy.createGenerator();
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    this.#activeAt = context.clock.monotonic();
    const { output, trace, node } = context;
    const generator = this.#generator;
    const assign = timestampOf(this.#strategy.timestampAssigner);
    return [
      (value, timestamp) => {
        trace.node = node;
        const assigned = assign(value, timestamp);
        if (assigned !== NO_TIMESTAMP) generator.onEvent(assigned);
        this.#records += 1;
        output(value, assigned);
      },
    ];
  }

  currentWatermark(inputWatermark: number): number {
    if (inputWatermark === MAX_WATERMARK || this.#context === undefined) return inputWatermark;
    const generated = this.#generator.currentWatermark();
    this.#watermark = nextWatermark(generated, this.#watermark, this.#context.counters);
    return this.#watermark;
  }

  isIdle(inputIdle: boolean): boolean {
    const idlenessMs = this.#strategy.idlenessMs;
    if (idlenessMs === undefined || this.#context === undefined) return inputIdle;
    const now = this.#context.clock.monotonic();
    if (this.#records !== this.#recordsAtCheck) {
      this.#recordsAtCheck = this.#records;
      this.#activeAt = now;
    }
    return inputIdle || now - this.#activeAt >= idlenessMs;
  }
}

/** `assignTimestampsAndWatermarks(strategy)`. */
export function timestampsAndWatermarksOperator<T>(strategy: WatermarkStrategy<T>): OperatorFactory {
  const untyped = strategy as unknown as WatermarkStrategy<unknown>;
  return {
    kind: 'timestampsAndWatermarks',
    inputs: 1,
    emits: 'one-each',
    create: () => new TimestampsAndWatermarksOperator(untyped),
    forBatch: () => timestampsAndWatermarksOperator(untyped.timestampsOnly()),
  };
}
