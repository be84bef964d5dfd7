import { UserError } from '../../base/errors.ts';
import { MIN_WATERMARK, NO_TIMESTAMP } from '../../base/time.ts';
import type { OutputTag } from '../../functions/output-tag.ts';
import type { ProcessContext, ProcessFunction, TimerService } from '../../functions/process.ts';
import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';
import { OutputCollector } from './output-collector.ts';
import { callable, closeFunction, openFunction, refusePromise } from './user-function.ts';

type Process = (value: unknown, context: ProcessContext, out: OutputCollector) => unknown;

/** What `processOperator` accepts: a ProcessFunction, or its `processElement` alone. */
export type ProcessLike<I, O> = ProcessFunction<I, O> | ProcessFunction<I, O>['processElement'];

/** Time without timers: those need a key. */
class UnkeyedTime implements TimerService {
  watermark = MIN_WATERMARK;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  currentProcessingTime(): number {
    return this.#now();
  }

  currentWatermark(): number {
    return this.watermark;
  }

  registerEventTimeTimer(): void {
    throw timersNeedKey();
  }

  registerProcessingTimeTimer(): void {
    throw timersNeedKey();
  }

  deleteEventTimeTimer(): void {
    throw timersNeedKey();
  }

  deleteProcessingTimeTimer(): void {
    throw timersNeedKey();
  }
}

function timersNeedKey(): UserError {
  return new UserError('timers need a keyed stream: call keyBy() before process()');
}

class ProcessOperator implements StreamOperator {
  readonly #fn: unknown;
  readonly #process: Process;
  #context: OperatorContext | undefined;
  #time: UnkeyedTime | undefined;

  constructor(fn: unknown, process: Process) {
    this.#fn = fn;
    this.#process = process;
  }

  get userFunction(): unknown {
    return this.#fn;
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    const time = new UnkeyedTime(() => context.clock.now());
    this.#time = time;
    const { trace, node } = context;
    const process = this.#process;
    const collector = new OutputCollector(context);
    const processContext: ProcessContext = {
      get timestamp() {
        return collector.timestamp === NO_TIMESTAMP ? undefined : collector.timestamp;
      },
      timerService: () => time,
      output: (tag, value) => collector.side(tag as OutputTag<unknown>, value),
    };
    return [
      (value, timestamp) => {
        trace.node = node;
        collector.timestamp = timestamp;
        const result = process(value, processContext, collector);
        if (result !== undefined) refusePromise(result, 'process');
      },
    ];
  }

  open(): void | Promise<void> {
    if (this.#context !== undefined) return openFunction(this.#fn, this.#context.runtimeContext(false));
  }

  advanceWatermark(watermark: number): boolean {
    if (this.#time !== undefined) this.#time.watermark = watermark;
    return true;
  }

  close(): void | Promise<void> {
    return closeFunction(this.#fn);
  }
}

/** A function with access to time and side outputs, on a stream without keys. */
export function processOperator<I, O>(fn: ProcessLike<I, O>): OperatorFactory {
  const process = callable<Process>(fn, 'processElement', 'process');
  return { kind: 'process', inputs: 1, emits: 'counted', create: () => new ProcessOperator(fn, process) };
}
