import type { Collector } from '../../functions/basic.ts';
import type { OutputTag } from '../../functions/output-tag.ts';
import type { Emit, OperatorContext } from '../chain/operator.ts';
import type { EmitCount } from '../chain/record-counts.ts';
import type { Trace } from '../chain/trace.ts';

/** The collector handed to user functions: emits with the timestamp in hand. One per operator, reused. */
export class OutputCollector implements Collector<unknown> {
  /** Timestamp of what is emitted; set before each call of user code. */
  timestamp = 0;
  readonly #context: OperatorContext;
  readonly #output: Emit;
  readonly #emitted: EmitCount;
  readonly #trace: Trace;
  readonly #node: number;
  readonly #sides = new Map<string, Emit | undefined>();

  constructor(context: OperatorContext) {
    this.#context = context;
    this.#output = context.output;
    this.#emitted = context.emitted;
    this.#trace = context.trace;
    this.#node = context.node;
  }

  collect(value: unknown): void {
    this.#emitted.records += 1;
    this.#output(value, this.timestamp);
    this.#trace.node = this.#node;
  }

  /** Emits to a side output; dropped where nobody reads it. */
  side(tag: OutputTag<unknown>, value: unknown): void {
    let emit = this.#sides.get(tag.id);
    if (emit === undefined && !this.#sides.has(tag.id)) {
      emit = this.#context.sideOutput(tag.id);
      this.#sides.set(tag.id, emit);
    }
    emit?.(value, this.timestamp);
    this.#trace.node = this.#node;
  }
}
