import {
  booleanOption,
  durationOption,
  enumOption,
  intOption,
  optionalDurationOption,
  stringOption,
} from './option.ts';

/** Options of checkpoints, savepoints and recovery. */
export const CHECKPOINT_OPTIONS = {
  checkpointInterval: optionalDurationOption('execution.checkpointing.interval', {
    defaultValue: undefined,
    description: 'How often a checkpoint begins. Unset: none; savepoints can be taken all the same.',
  }),
  checkpointMode: enumOption('execution.checkpointing.mode', {
    defaultValue: 'EXACTLY_ONCE',
    words: { 'exactly-once': 'EXACTLY_ONCE', 'at-least-once': 'AT_LEAST_ONCE' },
    description:
      'EXACTLY_ONCE: a channel waits behind its barrier until the others have theirs. AT_LEAST_ONCE: nothing waits; after a failure some records count twice.',
  }),
  checkpointTimeout: durationOption('execution.checkpointing.timeout', {
    defaultValue: 600_000,
    description: 'A checkpoint that is not complete after this time is given up.',
  }),
  checkpointMinPause: durationOption('execution.checkpointing.min-pause', {
    defaultValue: 0,
    description: 'From the end of one checkpoint to the begin of the next, at least.',
    aliases: ['execution.checkpointing.min-pause-between-checkpoints'],
  }),
  checkpointMaxConcurrent: intOption('execution.checkpointing.max-concurrent-checkpoints', {
    defaultValue: 1,
    min: 1,
    description: 'Checkpoints under way at once.',
  }),
  checkpointTolerableFailed: intOption('execution.checkpointing.tolerable-failed-checkpoints', {
    defaultValue: 0,
    description: 'Checkpoints in a row that may fail before the job is restarted.',
  }),
  checkpointUnaligned: booleanOption('execution.checkpointing.unaligned.enabled', {
    defaultValue: false,
    description:
      'Whether a checkpoint takes up what is in the channels instead of waiting until it has been processed: for jobs under backpressure. EXACTLY_ONCE only.',
    aliases: ['execution.checkpointing.unaligned'],
  }),
  checkpointAlignedTimeout: durationOption('execution.checkpointing.aligned-checkpoint-timeout', {
    defaultValue: 0,
    description: 'With unaligned checkpoints: how long one waits first, as an aligned one does.',
    aliases: ['execution.checkpointing.alignment-timeout'],
  }),
  checkpointRetained: intOption('execution.checkpointing.num-retained', {
    defaultValue: 1,
    min: 1,
    description: 'Completed checkpoints that are kept.',
    aliases: ['state.checkpoints.num-retained'],
  }),
  checkpointRetention: enumOption('execution.checkpointing.externalized-checkpoint-retention', {
    defaultValue: 'NO_EXTERNALIZED_CHECKPOINTS',
    words: {
      'retain-on-cancellation': 'RETAIN_ON_CANCELLATION',
      'delete-on-cancellation': 'DELETE_ON_CANCELLATION',
      'no-externalized-checkpoints': 'NO_EXTERNALIZED_CHECKPOINTS',
    },
    description:
      'What becomes of checkpoints when the job has ended: RETAIN_ON_CANCELLATION keeps them after FAILED and CANCELED, DELETE_ON_CANCELLATION after FAILED.',
  }),
  checkpointAfterTasksFinish: booleanOption('execution.checkpointing.checkpoints-after-tasks-finish', {
    defaultValue: true,
    description:
      'Whether checkpoints go on when part of the tasks has finished. A task whose input has ended then waits for one more, so that all it wrote is committed.',
    aliases: ['execution.checkpointing.checkpoints-after-tasks-finish.enabled'],
  }),
  checkpointIncremental: booleanOption('execution.checkpointing.incremental', {
    defaultValue: true,
    description:
      'Whether a checkpoint holds what changed since the one before, with a whole copy from time to time. Unlike Flink: true by default, as every state backend can.',
    aliases: ['state.backend.incremental'],
  }),
  checkpointDirectory: stringOption('execution.checkpointing.dir', {
    defaultValue: undefined,
    description:
      'Where checkpoints go: `file:///…` or a path that every node sees, or `s3://…`. Unset: a folder of its own for a cluster in one process, which goes with it.',
    aliases: ['state.checkpoints.dir', 'state.backend.fs.checkpointdir'],
  }),
  savepointDirectory: stringOption('execution.checkpointing.savepoint-dir', {
    defaultValue: undefined,
    description: 'Where savepoints go when the request names no place.',
    aliases: ['state.savepoints.dir'],
  }),
  snapshotRoots: stringOption('execution.checkpointing.allowed-roots', {
    defaultValue: undefined,
    description:
      'Of a node: the only places (URIs or paths, separated by commas) below which jobs and commands may keep or read checkpoints and savepoints; others are refused. Unset: every place.',
  }),
  orphanSweepInterval: durationOption('execution.checkpointing.orphan-sweep-interval', {
    defaultValue: 600_000,
    description:
      'How often files are looked for that subtasks wrote for checkpoints which never came to be; they are removed once a later checkpoint is complete without them. `0 s`: when the job ends.',
  }),
  restorePath: stringOption('execution.state-recovery.path', {
    defaultValue: undefined,
    description: 'A savepoint or kept checkpoint that the job begins from.',
    aliases: ['execution.savepoint.path'],
  }),
  ignoreUnclaimedState: booleanOption('execution.state-recovery.ignore-unclaimed-state', {
    defaultValue: false,
    description:
      'Whether state of operators that the job no longer has is left behind; else such a savepoint is refused.',
    aliases: ['execution.savepoint.ignore-unclaimed-state'],
  }),
  claimMode: enumOption('execution.state-recovery.claim-mode', {
    defaultValue: 'NO_CLAIM',
    words: { 'no-claim': 'NO_CLAIM', claim: 'CLAIM', legacy: 'LEGACY' },
    description:
      'What becomes of the snapshot that the job begins from. CLAIM: it belongs to the job, which removes it once its own checkpoints have taken its place (`execution.checkpointing.num-retained`). NO_CLAIM: it stays, and no checkpoint builds on its files. LEGACY: as NO_CLAIM.',
    aliases: ['execution.savepoint-restore-mode'],
  }),
} as const;
