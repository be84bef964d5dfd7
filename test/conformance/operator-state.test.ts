import { describe, expect, it } from 'vitest';
import { runJob } from '../../actors/testing/run-job.ts';
import { ListStateDescriptor, RichMapFunction, ValueStateDescriptor, defineJob } from '../../src/index.ts';
import type {
  CheckpointedFunction,
  FunctionInitializationContext,
  ListState,
  RuntimeContext,
  Sink,
  SinkWriter,
  StreamExecutionEnvironment,
  ValueState,
} from '../../src/index.ts';

async function rows<T>(build: (env: StreamExecutionEnvironment) => void): Promise<readonly T[]> {
  return (await runJob(defineJob('test', build))).collected<T>();
}

describe('operator state', () => {
  it('when a rich function on a stream without keys opens a list then it is the list of its subtask', async () => {
    class Stateful extends RichMapFunction<number, string> {
      #state!: ListState<number>;
      override open(context: RuntimeContext): void {
        this.#state = context.getListState(new ListStateDescriptor<number>('my-state'));
      }
      map(value: number): string {
        this.#state.add(value);
        return this.#state.get().join('+');
      }
    }
    const got = await rows<string>((env) => env.fromCollection([1, 2, 3]).map(new Stateful()).collect());
    expect(got).toEqual(['1', '1+2', '1+2+3']);
  });

  it('when a function is a CheckpointedFunction then initializeState comes before open, and may be asynchronous', async () => {
    class Hooked extends RichMapFunction<number, string> implements CheckpointedFunction {
      readonly #calls: string[] = [];
      #seen!: ListState<number>;
      async initializeState(context: FunctionInitializationContext): Promise<void> {
        await Promise.resolve();
        this.#calls.push(`initialize, restored ${context.isRestored()}`);
        this.#seen = context
          .getOperatorStateStore()
          .getUnionListState(new ListStateDescriptor<number>('seen'));
      }
      snapshotState(): void {}
      override open(): void {
        this.#calls.push('open');
      }
      map(value: number): string {
        this.#seen.add(value);
        return `${this.#calls.join(', ')}, map ${this.#seen.get().length}`;
      }
    }
    const got = await rows<string>((env) => env.fromCollection([1, 2]).map(new Hooked()).collect());
    expect(got).toEqual([
      'initialize, restored false, open, map 1',
      'initialize, restored false, open, map 2',
    ]);
  });

  it("when the function is on a keyed stream then initializeState opens keyed state, and the list is the key's", async () => {
    class Counts extends RichMapFunction<string, string> implements CheckpointedFunction {
      #count!: ValueState<number>;
      #list!: ListState<string>;
      #all!: ListState<string>;
      initializeState(context: FunctionInitializationContext): void {
        this.#count = context.getKeyedStateStore().getState(new ValueStateDescriptor('count', 0));
        this.#all = context.getOperatorStateStore().getListState(new ListStateDescriptor<string>('all'));
      }
      snapshotState(): void {}
      override open(context: RuntimeContext): void {
        this.#list = context.getListState(new ListStateDescriptor<string>('list'));
      }
      map(value: string): string {
        this.#count.update((this.#count.value() ?? 0) + 1);
        this.#list.add(value);
        this.#all.add(value);
        return `${value} ${this.#count.value()} ${this.#list.get().length} ${this.#all.get().length}`;
      }
    }
    const got = await rows<string>((env) =>
      env
        .fromCollection(['a', 'b', 'a'])
        .keyBy((value) => value)
        .map(new Counts())
        .collect(),
    );
    expect(got).toEqual(['a 1 1 1', 'b 1 1 2', 'a 2 2 3']);
  });

  it('when keyed state is opened without keys then it is refused with what to do', async () => {
    class Wrong extends RichMapFunction<number, number> implements CheckpointedFunction {
      initializeState(context: FunctionInitializationContext): void {
        context.getKeyedStateStore().getListState(new ListStateDescriptor<number>('list'));
      }
      snapshotState(): void {}
      map(value: number): number {
        return value;
      }
    }
    const failure: unknown = await rows((env) => env.fromCollection([1]).map(new Wrong()).collect()).catch(
      (error: unknown) => error,
    );
    const messages: string[] = [];
    for (let error = failure; error instanceof Error; error = error.cause) messages.push(error.message);
    expect(messages.join('\n')).toContain('call keyBy() before this operator');
  });

  it("when a sink's writer is a CheckpointedFunction then its state is there before the first record", async () => {
    const calls: string[] = [];
    class Writer implements SinkWriter<number>, CheckpointedFunction {
      #written!: ListState<number>;
      initializeState(context: FunctionInitializationContext): void {
        calls.push('initialize');
        this.#written = context
          .getOperatorStateStore()
          .getListState(new ListStateDescriptor<number>('written'));
      }
      snapshotState(): void {}
      write(value: number): void {
        this.#written.add(value);
      }
      flush(): void {
        calls.push(`flush ${this.#written.get().join()}`);
      }
      close(): void {}
    }
    const sink: Sink<number> = { createWriter: () => new Writer() };
    await runJob(defineJob('test', (env) => void env.fromCollection([1, 2]).sinkTo(sink)));
    expect(calls).toEqual(['initialize', 'flush 1,2']);
  });
});
