import { SORTED_INPUTS_BYTES } from '../base/limits.ts';
import { ALERT_OPTIONS } from './alert-options.ts';
import { CHECKPOINT_OPTIONS } from './checkpoint-options.ts';
import {
  booleanOption,
  countsOption,
  durationOption,
  enumOption,
  intOption,
  memoryOption,
  numberOption,
  optionalIntOption,
  refusedOption,
  stringOption,
} from './option.ts';
import { HIGH_AVAILABILITY_OPTIONS } from './high-availability-options.ts';
import { LATENCY_TRACK_OPTIONS } from './latency-track-options.ts';
import { METRIC_OPTIONS } from './metric-options.ts';
import { JOB_MANAGER_MEMORY_OPTIONS } from './job-manager-memory-options.ts';
import { MEMORY_OPTIONS } from './memory-options.ts';
import { NATS_OPTIONS } from './nats-options.ts';
import { NETWORK_OPTIONS } from './network-options.ts';
import { SCHEDULER_OPTIONS } from './scheduler-options.ts';
import { REST_OPTIONS } from './rest-options.ts';
import { REFUSED_ROCKSDB_OPTIONS, ROCKSDB_OPTIONS } from './rocksdb-options.ts';
import { S3_OPTIONS } from './s3-options.ts';
import { REFUSED_NETWORK_OPTIONS } from './refused-network-options.ts';
import { TRACE_OPTIONS } from './trace-options.ts';

/** Every option that Millrace reads or refuses, under Flink's keys; `docs` and validation come from this table. */
export const OPTIONS = {
  parallelism: intOption('parallelism.default', {
    defaultValue: 1,
    min: 1,
    description: 'Parallelism of jobs that set none.',
    aliases: ['job.parallelism'],
  }),
  maxParallelism: optionalIntOption('pipeline.max-parallelism', {
    defaultValue: undefined,
    description:
      'Number of key groups, the bound of rescaling; -1 derives it from the parallelism (at least 128).',
  }),
  parallelismOverrides: countsOption('pipeline.jobvertex-parallelism-overrides', {
    description:
      'Parallelism of vertices by their ids, in place of the one that the job gives them: `<vertex id>:4,<vertex id>:2`. Vertices keep their operators. What rescaling in place sets.',
  }),
  ...SCHEDULER_OPTIONS,
  jobName: stringOption('pipeline.name', {
    defaultValue: undefined,
    description: 'Name of the job, in place of the one its module gives.',
  }),
  chaining: booleanOption('pipeline.operator-chaining.enabled', {
    defaultValue: true,
    description: 'Whether operators are joined into one task where possible.',
    aliases: ['pipeline.operator-chaining'],
  }),
  runtimeMode: enumOption('execution.runtime-mode', {
    defaultValue: 'STREAMING',
    words: { streaming: 'STREAMING', batch: 'BATCH', automatic: 'AUTOMATIC' },
    description:
      'STREAMING gives results as records come; BATCH, for bounded sources, gives keyed results once, at the end, sorted by key; AUTOMATIC is BATCH when all sources are bounded.',
  }),
  sortedInputsMemory: memoryOption('execution.sorted-inputs.memory', {
    defaultValue: SORTED_INPUTS_BYTES,
    min: 1024,
    description:
      'Memory for the records that an operator sorts by key in execution mode BATCH, in each subtask; an estimate. What is beyond it goes to temporary files.',
  }),
  temporaryFolders: stringOption('io.tmp.dirs', {
    defaultValue: undefined,
    description:
      "Folders for temporary files, separated by commas, used by turns. Unset: the system's folder for temporary files.",
  }),
  genericTypes: booleanOption('pipeline.generic-types', {
    defaultValue: true,
    description:
      'false: a job is refused where records go to another task without a declared type or with a generic one, and fails at a record that is not of its type. true: such records are sent by MessagePack.',
  }),
  forceAvro: refusedOption('pipeline.force-avro', {
    reason: 'to send a stream as Avro, declare Types.avro(schema) with returns()',
    harmless: ['false'],
  }),
  forceKryo: refusedOption('pipeline.force-kryo', {
    reason: 'there is no Kryo; Types.generic() sends values by MessagePack',
    harmless: ['false'],
  }),
  objectReuse: booleanOption('pipeline.object-reuse', {
    defaultValue: false,
    description:
      'Whether chained operators may be handed the same object when a stream is read more than once.',
  }),
  autoWatermarkInterval: durationOption('pipeline.auto-watermark-interval', {
    defaultValue: 200,
    description: 'How often watermarks are made while no records come.',
  }),
  bufferTimeout: durationOption('execution.buffer-timeout.interval', {
    defaultValue: 100,
    description: 'Longest time a record waits in an output that is not full.',
    aliases: ['execution.buffer-timeout'],
  }),
  slotsPerTaskManager: intOption('taskmanager.numberOfTaskSlots', {
    defaultValue: 1,
    min: 1,
    description: 'Slots (threads) of a TaskManager.',
    aliases: ['resourcemanager.taskmanager.numberOfTaskSlots'],
  }),
  taskManagerId: stringOption('taskmanager.resource-id', {
    defaultValue: undefined,
    description: 'Id of a TaskManager: letters, digits, "_" and "-"; made up when unset.',
  }),
  loadBalance: enumOption('taskmanager.load-balance.mode', {
    defaultValue: 'NONE',
    words: { none: 'NONE', slots: 'SLOTS' },
    description: 'NONE fills one TaskManager before the next; SLOTS spreads evenly over all.',
  }),
  evenlySpread: booleanOption('cluster.evenly-spread-out-slots', {
    defaultValue: false,
    description: 'The older spelling of taskmanager.load-balance.mode: SLOTS.',
  }),
  slotRequestTimeout: durationOption('slot.request.timeout', {
    defaultValue: 300_000,
    description: 'How long a job waits for its slots.',
  }),
  cancellationTimeout: durationOption('task.cancellation.timeout', {
    defaultValue: 180_000,
    description: 'How long tasks may take to stop before their slot thread is ended; 0 waits for ever.',
  }),
  heartbeatInterval: durationOption('heartbeat.interval', {
    defaultValue: 10_000,
    description: 'How often job-managers, the resource-manager and TaskManagers speak to each other.',
  }),
  heartbeatTimeout: durationOption('heartbeat.timeout', {
    defaultValue: 50_000,
    description: 'Silence after which a partner counts as lost.',
  }),
  heartbeatRpcFailureThreshold: intOption('heartbeat.rpc-failure-threshold', {
    defaultValue: 2,
    min: 1,
    description: 'Heartbeats in a row that reach nobody, after which a partner counts as lost.',
  }),
  registrationPause: durationOption('cluster.registration.error-delay', {
    defaultValue: 1_000,
    description: 'Pause of a TaskManager before it registers again.',
  }),
  clientTimeout: durationOption('client.timeout', {
    defaultValue: 60_000,
    description: 'How long a client waits for a dispatcher that does not answer.',
  }),
  endedJobsKept: intOption('jobstore.max-capacity', {
    defaultValue: 100,
    description: 'Ended jobs that a dispatcher keeps for its clients.',
  }),
  restartStrategy: enumOption('restart-strategy.type', {
    defaultValue: 'exponential-delay',
    words: {
      none: 'none',
      off: 'none',
      disable: 'none',
      'fixed-delay': 'fixed-delay',
      fixeddelay: 'fixed-delay',
      'exponential-delay': 'exponential-delay',
      exponentialdelay: 'exponential-delay',
      'failure-rate': 'failure-rate',
      failurerate: 'failure-rate',
    },
    description:
      'What follows a failure. Unset: exponential-delay for failures of machines and network; failures of user code then fail the job.',
    aliases: ['restart-strategy', 'restart.strategy'],
  }),
  fixedDelayAttempts: numberOption('restart-strategy.fixed-delay.attempts', {
    defaultValue: 1,
    description: 'Restarts before the job fails.',
    aliases: ['restart.strategy.fixed-delay.attempts'],
  }),
  fixedDelay: durationOption('restart-strategy.fixed-delay.delay', {
    defaultValue: 1_000,
    description: 'Pause before each restart.',
    aliases: ['restart.strategy.fixed-delay.delay'],
  }),
  failureRateMax: intOption('restart-strategy.failure-rate.max-failures-per-interval', {
    defaultValue: 1,
    description: 'Failures allowed within the interval.',
    aliases: ['restart.strategy.failure-rate.max-failures-per-interval'],
  }),
  failureRateInterval: durationOption('restart-strategy.failure-rate.failure-rate-interval', {
    defaultValue: 60_000,
    description: 'The interval in which failures are counted.',
    aliases: ['restart.strategy.failure-rate.failure-rate-interval'],
  }),
  failureRateDelay: durationOption('restart-strategy.failure-rate.delay', {
    defaultValue: 1_000,
    description: 'Pause before each restart.',
    aliases: ['restart.strategy.failure-rate.delay'],
  }),
  initialBackoff: durationOption('restart-strategy.exponential-delay.initial-backoff', {
    defaultValue: 1_000,
    description: 'Pause before the first restart.',
    aliases: ['restart.strategy.exponential-delay.initial-backoff'],
  }),
  maxBackoff: durationOption('restart-strategy.exponential-delay.max-backoff', {
    defaultValue: 60_000,
    description: 'Longest pause.',
    aliases: ['restart.strategy.exponential-delay.max-backoff'],
  }),
  backoffMultiplier: numberOption('restart-strategy.exponential-delay.backoff-multiplier', {
    defaultValue: 1.5,
    description: 'Each pause is this times the one before.',
    aliases: ['restart.strategy.exponential-delay.backoff-multiplier'],
  }),
  jitterFactor: numberOption('restart-strategy.exponential-delay.jitter-factor', {
    defaultValue: 0.1,
    description: 'Pauses vary at random by this share.',
    aliases: ['restart.strategy.exponential-delay.jitter-factor'],
  }),
  resetBackoffThreshold: durationOption('restart-strategy.exponential-delay.reset-backoff-threshold', {
    defaultValue: 3_600_000,
    description: 'After running this long without failure the pauses begin anew.',
    aliases: ['restart.strategy.exponential-delay.reset-backoff-threshold'],
  }),
  attemptsBeforeResetBackoff: numberOption(
    'restart-strategy.exponential-delay.attempts-before-reset-backoff',
    {
      defaultValue: Number.POSITIVE_INFINITY,
      description: 'Restarts without a reset before the job fails.',
      aliases: ['restart.strategy.exponential-delay.attempts-before-reset-backoff'],
    },
  ),
  ...CHECKPOINT_OPTIONS,
  ...TRACE_OPTIONS,
  ...METRIC_OPTIONS,
  ...LATENCY_TRACK_OPTIONS,
  ...ALERT_OPTIONS,
  ...HIGH_AVAILABILITY_OPTIONS,
  ...JOB_MANAGER_MEMORY_OPTIONS,
  ...MEMORY_OPTIONS,
  ...NATS_OPTIONS,
  ...NETWORK_OPTIONS,
  ...REST_OPTIONS,
  ...ROCKSDB_OPTIONS,
  ...REFUSED_ROCKSDB_OPTIONS,
  ...S3_OPTIONS,
  ...REFUSED_NETWORK_OPTIONS,
} as const;

/** Prefix of job parameters: `pipeline.global-job-parameters.<name>: <value>`. */
export const JOB_PARAMETERS = 'pipeline.global-job-parameters';
