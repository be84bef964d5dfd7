/** What a job needs: `import { defineJob, ... } from 'millrace'`. */

// Jobs and streams.
export { defineJob } from './api/job.ts';
export type { JobDefinition } from './api/job.ts';
export { StreamExecutionEnvironment } from './api/environment.ts';
export { RuntimeExecutionMode } from './functions/execution-mode.ts';
export {
  BroadcastStream,
  DataStream,
  DataStreamSink,
  SingleOutputStreamOperator,
} from './api/data-stream.ts';
export { BroadcastConnectedStream, ConnectedStreams } from './api/connected-streams.ts';
export { IntervalJoin } from './api/interval-join.ts';
export { CoGroupedStreams, JoinedStreams } from './api/joined-streams.ts';
export type { CoGroupFunction, FlatJoinFunction, JoinFunction } from './api/joined-streams.ts';
export { KeyedStream } from './api/keyed-stream.ts';
export { WindowedStream } from './api/windowed-stream.ts';
export type { KeyFields, NumberFields } from './api/key-selector.ts';

// Functions.
export {
  AbstractRichFunction,
  RichFilterFunction,
  RichFlatMapFunction,
  RichMapFunction,
} from './functions/basic.ts';
export type {
  Collector,
  FilterFunction,
  FilterLike,
  FlatMapFunction,
  FlatMapLike,
  Key,
  KeySelector,
  MapFunction,
  MapLike,
  Partitioner,
  PrimitiveKey,
  ReduceFunction,
  ReduceLike,
  RichFunction,
} from './functions/basic.ts';
export type {
  CheckpointedFunction,
  FunctionInitializationContext,
  FunctionSnapshotContext,
  OperatorStateStore,
} from './functions/checkpointed.ts';
export type { KeyedStateStore, RuntimeContext, TaskInfo } from './functions/context.ts';
export type {
  Counter,
  Gauge,
  GaugeValue,
  Histogram,
  HistogramStatistics,
  Meter,
  MetricGroup,
} from './functions/metrics.ts';
export { DescriptiveStatisticsHistogram } from './metrics/descriptive-statistics-histogram.ts';
export { MeterView } from './metrics/meter-view.ts';
export { SimpleCounter } from './metrics/simple-counter.ts';
export { OutputTag } from './functions/output-tag.ts';
export { KeyedProcessFunction, ProcessFunction } from './functions/process.ts';
export type {
  KeyedProcessContext,
  OnTimerContext,
  ProcessContext,
  TimerService,
} from './functions/process.ts';
export { ProcessWindowFunction } from './functions/window.ts';
export type {
  AggregateFunction,
  ProcessWindowContext,
  ProcessWindowLike,
  TimeWindow,
} from './functions/window.ts';

export {
  BroadcastProcessFunction,
  CoProcessFunction,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
} from './functions/co-process.ts';
export type {
  BroadcastContext,
  CoFlatMapFunction,
  CoMapFunction,
  ReadOnlyBroadcastContext,
  ReadOnlyBroadcastState,
} from './functions/co-process.ts';
export { AsyncDataStream, TimeUnit } from './api/async-data-stream.ts';
export { AsyncFunction, AsyncRetryStrategies, AsyncTimeoutError } from './functions/async.ts';
export type { AsyncLike, AsyncRetryStrategy, ResultFuture } from './functions/async.ts';
export { ProcessJoinFunction } from './functions/join.ts';
export type { ProcessJoinContext, ProcessJoinLike } from './functions/join.ts';

// State.
export {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './functions/state.ts';
export { Migrations } from './functions/state-migration.ts';
export type { FieldChange, StateMigration, StateSchema } from './functions/state-migration.ts';
export { StateTtlConfig, StateTtlConfigBuilder, StateVisibility, UpdateType } from './functions/state-ttl.ts';
export type { IncrementalCleanup } from './functions/state-ttl.ts';
export type { AggregatingState, ListState, MapState, ReducingState, ValueState } from './functions/state.ts';

// Types.
export { Types } from './api/types.ts';
export { OptionalType, TypeInformation } from './functions/types/index.ts';
export type {
  FieldTypes,
  RecordOf,
  TypeDescriptor,
  TypeOf,
  TypeSerializer,
} from './functions/types/index.ts';
export { Aggregates } from './functions/aggregates.ts';

// Time, watermarks, windows.
export { Duration, MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP, Time } from './base/time.ts';
export type { DurationLike } from './base/time.ts';
export { WatermarkStrategy } from './functions/watermark.ts';
export type { TimestampAssigner, WatermarkAlignment, WatermarkGenerator } from './functions/watermark.ts';
export {
  DynamicEventTimeSessionWindows,
  EventTimeSessionWindows,
  GlobalWindows,
  ProcessingTimeSessionWindows,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from './dataplane/window/index.ts';
export { CountEvictor, TimeEvictor } from './functions/evictor.ts';
export type { Evictor, TimestampedValue } from './functions/evictor.ts';
export { Trigger } from './functions/trigger.ts';
export type { TriggerContext, TriggerResult } from './functions/trigger.ts';
export {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
  CountTrigger,
  EventTimeTrigger,
  NeverTrigger,
  ProcessingTimeTrigger,
  PurgingTrigger,
} from './functions/triggers.ts';
export type { WindowAssigner } from './dataplane/window/index.ts';

// Sources and sinks.
export { CollectSink } from './connectors/collect/collect-sink.ts';
export { CollectionSource } from './connectors/collection/collection-source.ts';
export type { CollectionSplit } from './connectors/collection/collection-source.ts';
export { FileCommitError } from './connectors/file/file-committer.ts';
export type { PendingFile } from './connectors/file/file-committer.ts';
export { FileSink } from './connectors/file/file-sink.ts';
export type { FileSinkOptions } from './connectors/file/file-sink.ts';
export { FileSource, FileSourceBuilder } from './connectors/file/file-source.ts';
export type { FileSourceOptions } from './connectors/file/file-source.ts';
export type { FileSplit } from './connectors/file/file-split.ts';
export type { PathLike } from './connectors/file/list-files.ts';
export { DataGeneratorSource } from './connectors/generator/data-generator-source.ts';
export { RateLimitedSource } from './connectors/rate-limit/rate-limited-source.ts';
export type { DataGeneratorOptions, GeneratorSplit } from './connectors/generator/data-generator-source.ts';
export { HybridSource, HybridSourceBuilder } from './connectors/hybrid/hybrid-source.ts';
export type { HybridSplit } from './connectors/hybrid/hybrid-split.ts';
export { JetStreamSink } from './connectors/jetstream/jetstream-sink.ts';
export type {
  JetStreamExactlyOnceOptions,
  JetStreamSinkOptions,
} from './connectors/jetstream/jetstream-sink.ts';
export { JetStreamSource } from './connectors/jetstream/jetstream-source.ts';
export type { JetStreamMessage, JetStreamSourceOptions } from './connectors/jetstream/jetstream-source.ts';
export type { JetStreamConnectionOptions } from './connectors/jetstream/connection.ts';
export type { JetStreamSplit, JetStreamStart } from './connectors/jetstream/stream-splits.ts';
export type { NatsCredentials } from './transport/nats/options.ts';
export { CommitsAheadError } from './connectors/commits-ahead.ts';
export {
  CommitMarkerLostError,
  MessagesLostError,
  OutageTooLongError,
  StreamRecreatedError,
  StreamTruncatedError,
} from './connectors/jetstream/errors.ts';
export { PostgresSink } from './connectors/postgres/postgres-sink.ts';
export type {
  PostgresColumnsOptions,
  PostgresFieldsOptions,
  PostgresSinkOptions,
  PostgresStatementOptions,
} from './connectors/postgres/postgres-sink.ts';
export type { PostgresConnectionOptions } from './connectors/postgres/connection.ts';
export type { OnConflict } from './connectors/postgres/statement.ts';
export { PrintSink } from './connectors/print/print-sink.ts';
export type { PrintOutput } from './connectors/print/print-sink.ts';

// To write one's own.
export { SplitAssigner } from './connectors/split/split-assigner.ts';
export { SplitQueue } from './connectors/split/split-queue.ts';
export { StaticAssigner } from './connectors/split/static-assigner.ts';
export { BAD_RECORDS } from './connectors/bad-records.ts';
export { BAD_RECORDS_ID, DeliveryGuarantee, END_OF_INPUT_CHECKPOINT } from './functions/sink.ts';
export type {
  BadRecord,
  CommitRequest,
  Committer,
  CommitterContext,
  Sink,
  SinkWriter,
  SinkWriterContext,
} from './functions/sink.ts';
export { TwoPhaseCommitSink } from './functions/two-phase-commit-sink.ts';
export type {
  BadRecordPolicy,
  Source,
  SourceBatch,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from './functions/source.ts';

// Formats.
export { CsvFormat } from './formats/csv.ts';
export type { CsvReadOptions } from './formats/csv.ts';
export type { CsvColumns, CsvRecord, CsvType } from './formats/csv-columns.ts';
export { CsvEncoder } from './formats/csv-encoder.ts';
export type { CsvWriteOptions } from './formats/csv-encoder.ts';
export { RowBlock } from './formats/file-format.ts';
export type {
  BadRow,
  FileDecoder,
  FileFormat,
  FilePosition,
  FileRange,
  InputFile,
  RecordBlock,
} from './formats/file-format.ts';
export { JsonLinesFormat } from './formats/json-lines.ts';
export { JsonLinesEncoder } from './formats/json-lines-encoder.ts';
export { ParquetFormat } from './formats/parquet.ts';
export type { ParquetReadOptions } from './formats/parquet.ts';
export type { ParquetValueOptions } from './formats/parquet-values.ts';
export type { RowEncoder } from './formats/row-encoder.ts';
export { bytesSchema, jsonSchema, msgpackSchema, textSchema } from './formats/schema.ts';
export type { DeserializationSchema, Schema, SerializationSchema } from './formats/schema.ts';

// Errors.
export {
  ConfigurationError,
  DeadlineExceededError,
  ExternalError,
  InternalError,
  MillraceError,
  UserError,
} from './base/errors.ts';
export type { ErrorDomain, MillraceErrorOptions } from './base/errors.ts';
