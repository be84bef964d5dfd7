import { UserError } from '../base/errors.ts';
import { toMillis } from '../base/time.ts';
import type { DurationLike } from '../base/time.ts';
import { CollectionSource } from '../connectors/collection/collection-source.ts';
import type { OperatorFactory } from '../dataplane/chain/operator.ts';
import { sourceOperator } from '../dataplane/operators/index.ts';
import { RuntimeExecutionMode } from '../functions/execution-mode.ts';
import type { Source, SourceSplit } from '../functions/source.ts';
import type { TypeInformation } from '../functions/types/index.ts';
import { WatermarkStrategy } from '../functions/watermark.ts';
import { StreamGraph } from '../graph/stream-graph.ts';
import { SingleOutputStreamOperator } from './data-stream.ts';

/** Where a job is declared: sources begin here. */
export class StreamExecutionEnvironment {
  readonly #graph = new StreamGraph<OperatorFactory>();
  readonly #parameters: ReadonlyMap<string, string>;
  #parallelism: number | undefined;
  #maxParallelism: number | undefined;
  #chaining = true;
  #runtimeMode: RuntimeExecutionMode | undefined;
  #checkpointIntervalMs: number | undefined;

  /** @param parameters `pipeline.global-job-parameters`, as given with `-D pipeline.global-job-parameters.<name>=<value>` */
  constructor(parameters: ReadonlyMap<string, string> = new Map()) {
    this.#parameters = parameters;
  }

  /** Parallelism of operators that set none; wins over `parallelism.default` and `-p`. */
  setParallelism(parallelism: number): this {
    this.#parallelism = checkCount(parallelism, 'parallelism');
    return this;
  }

  /** Number of key groups: the bound of every later rescaling. */
  setMaxParallelism(maxParallelism: number): this {
    this.#maxParallelism = checkCount(maxParallelism, 'max parallelism');
    return this;
  }

  /** Every operator gets a task of its own: for finding the slow one. */
  disableOperatorChaining(): this {
    this.#chaining = false;
    return this;
  }

  /**
   * Takes a checkpoint every so often: after a failure the job goes on from the last one. Wins over
   * `execution.checkpointing.interval`; all other keys of `execution.checkpointing` are configuration.
   */
  enableCheckpointing(interval: DurationLike): this {
    const intervalMs = toMillis(interval, 'checkpoint interval');
    if (!(intervalMs >= 10))
      throw new UserError(`a checkpoint interval has at least 10 ms, got ${intervalMs} ms`);
    this.#checkpointIntervalMs = intervalMs;
    return this;
  }

  /** How the job runs; wins over `execution.runtime-mode`. */
  setRuntimeMode(mode: RuntimeExecutionMode): this {
    if (!Object.hasOwn(RuntimeExecutionMode, mode)) {
      throw new UserError(
        `the runtime mode must be one of ${Object.keys(RuntimeExecutionMode).join(', ')}, got "${mode}"`,
      );
    }
    this.#runtimeMode = mode;
    return this;
  }

  /** A job parameter. @throws UserError when it is not given and there is no fallback. */
  getParameter(name: string, fallback?: string): string {
    const value = this.#parameters.get(name) ?? fallback;
    if (value === undefined) {
      throw new UserError(
        `job parameter "${name}" is not set: give it with -D pipeline.global-job-parameters.${name}=<value>`,
      );
    }
    return value;
  }

  /** A bounded stream of the given values; not parallel. */
  fromCollection<T>(values: Iterable<T>, name = 'Collection Source'): SingleOutputStreamOperator<T> {
    return this.#addSource(
      new CollectionSource([...values]),
      WatermarkStrategy.noWatermarks<T>(),
      name,
      true,
    );
  }

  /** A stream from a source, with its event time. `type` declares its records, as `returns(type)` does. */
  fromSource<T, S extends SourceSplit>(
    source: Source<T, S>,
    strategy: WatermarkStrategy<NoInfer<T>>,
    name: string,
    type?: TypeInformation<NoInfer<T>>,
  ): SingleOutputStreamOperator<T> {
    const stream = this.#addSource<T, S>(source, strategy, name, false);
    return type === undefined ? stream : stream.returns(type);
  }

  #addSource<T, S extends SourceSplit>(
    source: Source<T, S>,
    strategy: WatermarkStrategy<T>,
    name: string,
    nonParallel: boolean,
  ): SingleOutputStreamOperator<T> {
    const factory = sourceOperator(source as Source<unknown, S>, strategy as WatermarkStrategy<unknown>);
    const node = this.#graph.addNode({
      kind: 'source',
      name,
      factory,
      isSource: true,
      nonParallel,
      alignmentGroup: strategy.alignment?.group,
    });
    return new SingleOutputStreamOperator<T>(this.#graph, node);
  }

  /** The graph declared so far, for `compileJob`. */
  getStreamGraph(): StreamGraph<OperatorFactory> {
    return this.#graph;
  }

  /** What the job set for itself, for `compileJob`. */
  getSettings(): {
    readonly parallelism: number | undefined;
    readonly maxParallelism: number | undefined;
    readonly chaining: boolean;
    readonly runtimeMode: RuntimeExecutionMode | undefined;
    readonly checkpointIntervalMs: number | undefined;
  } {
    return {
      parallelism: this.#parallelism,
      maxParallelism: this.#maxParallelism,
      chaining: this.#chaining,
      runtimeMode: this.#runtimeMode,
      checkpointIntervalMs: this.#checkpointIntervalMs,
    };
  }
}

function checkCount(value: number, what: string): number {
  if (Number.isInteger(value) && value > 0) return value;
  throw new UserError(`${what} must be a whole number of at least 1, got ${value}`);
}
