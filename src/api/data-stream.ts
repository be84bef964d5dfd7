import { UserError } from '../base/errors.ts';
import { CollectSink } from '../connectors/collect/collect-sink.ts';
import { PrintSink } from '../connectors/print/print-sink.ts';
import type { OperatorFactory } from '../dataplane/chain/operator.ts';
import {
  filterOperator,
  flatMapOperator,
  mapOperator,
  processOperator,
  projectOperator,
  sinkOperator,
  timestampsAndWatermarksOperator,
} from '../dataplane/operators/index.ts';
import type {
  FilterLike,
  FlatMapLike,
  Key,
  KeySelector,
  MapLike,
  Partitioner,
  PrimitiveKey,
} from '../functions/basic.ts';
import type { OutputTag } from '../functions/output-tag.ts';
import type { ProcessFunction } from '../functions/process.ts';
import type { Sink } from '../functions/sink.ts';
import type { WatermarkStrategy } from '../functions/watermark.ts';
import type { TypeInformation } from '../functions/types/index.ts';
import type { EdgePartitioner, OperatorTraits, StreamGraph, StreamNode } from '../graph/stream-graph.ts';
import type { WindowAssigner } from '../dataplane/window/index.ts';
import type { MapStateDescriptor } from '../functions/state.ts';
import { BroadcastConnectedStream, ConnectedStreams } from './connected-streams.ts';
import { CoGroupedStreams, JoinedStreams } from './joined-streams.ts';
import { keyFieldsOf, keySelectorOf } from './key-selector.ts';
import type { KeyFields } from './key-selector.ts';
import { KeyedStream } from './keyed-stream.ts';
import { WindowedStream } from './windowed-stream.ts';
import * as settings from './node-settings.ts';
import { projectedType, SAME_TYPE } from './output-types.ts';

/** Where a stream's records come from: one operator, or several after `union`. */
export interface Origin {
  readonly node: StreamNode<OperatorFactory>;
  readonly sideOutput?: string;
  /** Declared type of the side output. */
  readonly type?: TypeInformation<unknown>;
}

const AUTO: EdgePartitioner = { kind: 'auto' };

/** A stream of records of type `T`. Immutable: every method returns a new stream. */
export class DataStream<T> {
  protected readonly graph: StreamGraph<OperatorFactory>;
  protected readonly origins: readonly Origin[];
  protected readonly partitioner: EdgePartitioner;

  constructor(
    graph: StreamGraph<OperatorFactory>,
    origins: readonly Origin[],
    partitioner: EdgePartitioner = AUTO,
  ) {
    this.graph = graph;
    this.origins = origins;
    this.partitioner = partitioner;
  }

  /** One record out for each record in. */
  map<O>(fn: MapLike<T, O>): SingleOutputStreamOperator<O> {
    return this.transform('Map', mapOperator(fn));
  }

  /** Keeps the records for which `fn` is true. */
  filter(fn: FilterLike<T>): SingleOutputStreamOperator<T> {
    return this.transform('Filter', filterOperator(fn), SAME_TYPE);
  }

  /** Any number of records out for each record in: returned as an iterable, or emitted through `out`. */
  flatMap<O>(fn: FlatMapLike<T, O>): SingleOutputStreamOperator<O> {
    return this.transform('Flat Map', flatMapOperator(fn));
  }

  /** The general operator: side outputs, access to time. Timers and keyed state need `keyBy` first. */
  process<O>(fn: ProcessFunction<T, O>): SingleOutputStreamOperator<O> {
    return this.transform('Process', processOperator(fn));
  }

  /**
   * Keeps these fields of each record, in this order. Fields that are read neither here nor before are not sent to other
   * tasks: behind `keyBy('auction').sum('price')`, `project('auction', 'price')` spares the others their way.
   */
  project<F extends keyof T & string>(...names: readonly F[]): SingleOutputStreamOperator<Pick<T, F>> {
    const fields = [...new Set<string>(names)];
    if (fields.length === 0 || fields.includes('__proto__'))
      throw new UserError('project needs the names of the fields to keep, and __proto__ is none');
    return this.transform('Project', projectOperator(fields), {
      fieldUse: { fields, passesOn: false },
      deriveType: (input) => projectedType(input, fields),
    });
  }

  /** Brings all records of a key to one subtask. The key is a field's name, several names, or a function. */
  keyBy<K extends Key>(selector: KeySelector<T, K>): KeyedStream<T, K>;
  keyBy<F extends KeyFields<T>>(field: F): KeyedStream<T, Extract<T[F], Key>>;
  keyBy<F extends KeyFields<T>>(...fields: readonly F[]): KeyedStream<T, readonly PrimitiveKey[]>;
  keyBy(...keys: readonly (PropertyKey | KeySelector<T>)[]): KeyedStream<T, Key> {
    const selector = keySelectorOf<T>(keys);
    const fields = keyFieldsOf(keys);
    return new KeyedStream<T, Key>(this.hashed(selector as KeySelector<unknown>, fields), selector, fields);
  }

  /** The records of this and other streams of the same type, interleaved. */
  union(...others: readonly DataStream<T>[]): DataStream<T> {
    const foreign = others.find((other) => other.graph !== this.graph);
    if (foreign !== undefined) throw new UserError('union() joins streams of one job only');
    return new DataStream(
      this.graph,
      [this, ...others].flatMap((stream) => stream.origins),
    );
  }

  /** Reads this stream and another one of any type in one operator. */
  connect<U>(other: DataStream<U>): ConnectedStreams<T, U>;
  connect<U>(other: BroadcastStream<U>): BroadcastConnectedStream<T, U>;
  connect<U>(
    other: DataStream<U> | BroadcastStream<U>,
  ): ConnectedStreams<T, U> | BroadcastConnectedStream<T, U> {
    if (other instanceof BroadcastStream) {
      return new BroadcastConnectedStream<T, U>(
        (name, factory) => this.transformWith(name, factory, other.stream),
        undefined,
      );
    }
    return new ConnectedStreams<T, U>(
      (name, factory) => this.transformWith(name, factory, other),
      [undefined, undefined],
      (first, second) => (name, factory) =>
        this.hashed(first).transformWith(name, factory, other.hashed(second)),
    );
  }

  /** Windows over all records of the stream, in one subtask. */
  windowAll(assigner: WindowAssigner): WindowedStream<T, null> {
    return new WindowedStream<T, null>(
      (name, factory, traits) => this.transform(name, factory, { ...traits, nonParallel: true }),
      () => null,
      assigner,
      { keyFields: [] },
    );
  }

  /** Joins records of two streams that have equal keys and fall into the same window. */
  join<U>(other: DataStream<U>): JoinedStreams<T, U> {
    return new JoinedStreams<T, U>(this, other);
  }

  /** Groups records of two streams that have equal keys and fall into the same window. */
  coGroup<U>(other: DataStream<U>): CoGroupedStreams<T, U> {
    return new CoGroupedStreams<T, U>(this, other);
  }

  /** Round robin over all subtasks. */
  rebalance(): DataStream<T> {
    return this.partitioned({ kind: 'rebalance' });
  }

  /** Round robin within groups of near subtasks. */
  rescale(): DataStream<T> {
    return this.partitioned({ kind: 'rescale' });
  }

  /** Random, uniform. */
  shuffle(): DataStream<T> {
    return this.partitioned({ kind: 'shuffle' });
  }

  /** Every record to every subtask. With descriptors: for `connect`, whose function then keeps broadcast state. */
  broadcast(): DataStream<T>;
  broadcast(
    ...descriptors: readonly [MapStateDescriptor<unknown, unknown>, ...MapStateDescriptor<unknown, unknown>[]]
  ): BroadcastStream<T>;
  broadcast(...descriptors: readonly unknown[]): DataStream<T> | BroadcastStream<T> {
    const stream = this.partitioned({ kind: 'broadcast' });
    return descriptors.length === 0 ? stream : new BroadcastStream<T>(stream);
  }

  /** Everything to the first subtask. */
  global(): DataStream<T> {
    return this.partitioned({ kind: 'global' });
  }

  /** To the subtask with the same index; needs equal parallelism. */
  forward(): DataStream<T> {
    return this.partitioned({ kind: 'forward' });
  }

  /** To the subtask that `partitioner` names for the record's key. */
  partitionCustom<K extends Key>(partitioner: Partitioner<K>, keySelector: KeySelector<T, K>): DataStream<T> {
    return this.partitioned({
      kind: 'custom',
      keySelector: keySelector as KeySelector<unknown>,
      partitioner: partitioner as Partitioner<Key>,
    });
  }

  /** Assigns event time here instead of at the source. */
  assignTimestampsAndWatermarks(strategy: WatermarkStrategy<T>): SingleOutputStreamOperator<T> {
    const factory = timestampsAndWatermarksOperator(strategy as WatermarkStrategy<unknown>);
    return this.transform('Timestamps/Watermarks', factory, SAME_TYPE);
  }

  /** Ends the stream in a sink. */
  sinkTo(sink: Sink<T>): DataStreamSink {
    return this.#sink('Sink', sink);
  }

  /** Writes each record as a line to the standard output of its node, after `prefix`. */
  print(prefix?: string): DataStreamSink {
    return this.sinkTo(new PrintSink<T>(prefix)).name('Print to Std. Out');
  }

  /**
   * Brings the records to the client: `client.collect(jobId, collectId)`. For bounded streams of moderate size; records are
   * plain data (a Map arrives as an object).
   */
  collect(collectId = 'collect'): DataStreamSink {
    return this.#sink('Collect', new CollectSink<T>(collectId), { keepsParallelism: true });
  }

  #sink(name: string, sink: Sink<T>, traits: OperatorTraits = {}): DataStreamSink {
    return new DataStreamSink(this.addNode(name, 'sink', sinkOperator(sink as Sink<unknown>), traits));
  }

  /** Adds an operator behind this stream; for operators that have no method of their own. */
  transform<O>(
    name: string,
    factory: OperatorFactory,
    traits: OperatorTraits = {},
  ): SingleOutputStreamOperator<O> {
    return new SingleOutputStreamOperator<O>(this.graph, this.addNode(name, factory.kind, factory, traits));
  }

  /** The same stream, partitioned by the hash of a key; `keyFields` where it is made of named fields. */
  hashed(keySelector: KeySelector<unknown>, keyFields?: readonly string[]): DataStream<T> {
    return this.partitioned({ kind: 'hash', keySelector, ...(keyFields === undefined ? {} : { keyFields }) });
  }

  /** As `transform`, with this stream as input 0 and another as input 1. */
  transformWith<U, O>(
    name: string,
    factory: OperatorFactory,
    other: DataStream<U>,
  ): SingleOutputStreamOperator<O> {
    if (other.graph !== this.graph) throw new UserError('connect() joins streams of one job only');
    const node = this.graph.addNode({ kind: factory.kind, name, factory });
    this.link(node, 0);
    other.link(node, 1);
    return new SingleOutputStreamOperator<O>(this.graph, node);
  }

  protected addNode(
    name: string,
    kind: string,
    factory: OperatorFactory,
    traits: OperatorTraits = {},
  ): StreamNode<OperatorFactory> {
    const node = this.graph.addNode({ kind, name, factory, ...traits });
    this.link(node, 0);
    return node;
  }

  /** Adds the edges from this stream into an operator. */
  link(node: StreamNode<OperatorFactory>, targetInput: number): void {
    for (const origin of this.origins) {
      this.graph.addEdge({
        source: origin.node.id,
        target: node.id,
        targetInput,
        partitioner: this.partitioner,
        ...(origin.sideOutput === undefined ? {} : { sideOutput: origin.sideOutput }),
        ...(origin.type === undefined ? {} : { type: origin.type }),
      });
    }
  }

  protected partitioned(partitioner: EdgePartitioner): DataStream<T> {
    return new DataStream(this.graph, this.origins, partitioner);
  }
}

/** A stream that goes whole to every subtask of the operator it is connected to. */
export class BroadcastStream<T> {
  readonly stream: DataStream<T>;

  constructor(stream: DataStream<T>) {
    this.stream = stream;
  }
}

/** A sink at the end of a stream, with its settings. */
export class DataStreamSink {
  readonly #node: StreamNode<OperatorFactory>;

  constructor(node: StreamNode<OperatorFactory>) {
    this.#node = node;
  }

  /** Shown in plans, logs and metrics. */
  name(name: string): this {
    settings.setName(this.#node, name);
    return this;
  }

  /** Stable identity of the sink's state. */
  uid(uid: string): this {
    settings.setUid(this.#node, uid);
    return this;
  }

  setParallelism(parallelism: number): this {
    settings.setParallelism(this.#node, parallelism);
    return this;
  }

  /** Operators of one group may share slots; operators of different groups never do. */
  slotSharingGroup(group: string): this {
    this.#node.slotSharingGroup = group;
    return this;
  }

  /** Never chained with its input. */
  disableChaining(): this {
    this.#node.chaining = 'never';
    return this;
  }
}

/** The output of one operator, with the operator's settings. */
export class SingleOutputStreamOperator<T> extends DataStream<T> {
  readonly #node: StreamNode<OperatorFactory>;

  constructor(graph: StreamGraph<OperatorFactory>, node: StreamNode<OperatorFactory>) {
    super(graph, [{ node }]);
    this.#node = node;
  }

  /** Shown in plans, logs and metrics. */
  name(name: string): this {
    settings.setName(this.#node, name);
    return this;
  }

  /** Stable identity of the operator's state: set it on every operator with state before the job goes into production. */
  uid(uid: string): this {
    settings.setUid(this.#node, uid);
    return this;
  }

  setParallelism(parallelism: number): this {
    settings.setParallelism(this.#node, parallelism);
    return this;
  }

  setMaxParallelism(maxParallelism: number): this {
    this.#node.maxParallelism = maxParallelism;
    return this;
  }

  /** Operators of one group may share slots; operators of different groups never do. */
  slotSharingGroup(group: string): this {
    this.#node.slotSharingGroup = group;
    return this;
  }

  /**
   * Declares what the records are: they go to other tasks by code made for the type, without learning it first. A record
   * that is not of the type still arrives as it is, and is counted; with `pipeline.generic-types: false` it fails the job.
   */
  returns(type: TypeInformation<T>): this {
    this.#node.type = type;
    return this;
  }

  /** Never chained with its input or its outputs. */
  disableChaining(): this {
    this.#node.chaining = 'never';
    return this;
  }

  /** This operator begins a chain of its own. */
  startNewChain(): this {
    this.#node.chaining = 'head';
    return this;
  }

  /** Records that this operator emitted under `tag`. */
  getSideOutput<S>(tag: OutputTag<S>): DataStream<S> {
    const type = tag.type === undefined ? {} : { type: tag.type };
    return new DataStream<S>(this.graph, [{ node: this.#node, sideOutput: tag.id, ...type }]);
  }
}
