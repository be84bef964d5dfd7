import { gauge } from './definition.ts';

/** Of each source's coordinator, in scope `jobmanager_job_operator`. */
export const COORDINATOR_METRICS = {
  unassignedSplits: gauge('splits', 'Splits that the enumerator has found and no reader has got yet.'),
};

/** Of each job, in scope `jobmanager_job`. */
export const JOB_METRICS = {
  numRestarts: gauge(
    'restarts',
    'Restarts since the job was submitted, or since its JobManager was replaced.',
  ),
  fullRestarts: gauge('restarts', 'As numRestarts.'),
  uptime: gauge('ms', 'Time that the job has been RUNNING without a break; 0 while it is not.'),
  downtime: gauge('ms', 'Time since the job stopped running, while it is RESTARTING or FAILING; else 0.'),
  lastCheckpointDuration: gauge('ms', 'Duration of the last completed checkpoint; -1 before any.'),
  lastCheckpointSize: gauge('bytes', 'Bytes written for the last completed checkpoint; -1 before any.'),
  lastCheckpointFullSize: gauge(
    'bytes',
    'Bytes of all state of the last completed checkpoint; -1 before any.',
  ),
  lastCompletedCheckpointId: gauge('id', 'Id of the last completed checkpoint; -1 before any.'),
  lastCheckpointExternalPath: gauge('text', 'Where the last completed checkpoint is.'),
  lastCheckpointRestoreTimestamp: gauge(
    'ms',
    'Wall time at which the job last went on from a checkpoint; -1: never.',
  ),
  numberOfInProgressCheckpoints: gauge('checkpoints', 'Checkpoints under way.'),
  numberOfCompletedCheckpoints: gauge('checkpoints', 'Checkpoints completed.'),
  numberOfFailedCheckpoints: gauge('checkpoints', 'Checkpoints given up.'),
  totalNumberOfCheckpoints: gauge('checkpoints', 'Checkpoints begun.'),
  checkpointTimeout: gauge('ms', 'How long a checkpoint may take: execution.checkpointing.timeout. Own.'),
  pendingCheckpointAge: gauge(
    'ms',
    'How long the oldest checkpoint under way has taken; 0 while none is. Own.',
  ),
  initializingTime: gauge('ms', 'How long the job has been INITIALIZING; 0 while it is not.'),
  createdTime: gauge('ms', 'How long the job has been CREATED; 0 while it is not.'),
  runningTime: gauge('ms', 'How long the job has been RUNNING; 0 while it is not.'),
  restartingTime: gauge('ms', 'How long the job has been RESTARTING; 0 while it is not.'),
  failingTime: gauge('ms', 'How long the job has been FAILING; 0 while it is not.'),
  cancellingTime: gauge('ms', 'How long the job has been CANCELLING; 0 while it is not.'),
  deployingTime: gauge('ms', 'How long tasks of the job have been DEPLOYING; 0 while none is.'),
  initializingTimeTotal: gauge('ms', 'Time spent INITIALIZING in all; with TOTAL_TIME.'),
  createdTimeTotal: gauge('ms', 'Time spent CREATED in all; with TOTAL_TIME.'),
  runningTimeTotal: gauge('ms', 'Time spent RUNNING in all; with TOTAL_TIME.'),
  restartingTimeTotal: gauge('ms', 'Time spent RESTARTING in all; with TOTAL_TIME.'),
  failingTimeTotal: gauge('ms', 'Time spent FAILING in all; with TOTAL_TIME.'),
  cancellingTimeTotal: gauge('ms', 'Time spent CANCELLING in all; with TOTAL_TIME.'),
  deployingTimeTotal: gauge('ms', 'Time spent DEPLOYING tasks in all; with TOTAL_TIME.'),
  initializingState: gauge('0 or 1', 'Whether the job is INITIALIZING; with STATE.'),
  createdState: gauge('0 or 1', 'Whether the job is CREATED; with STATE.'),
  runningState: gauge('0 or 1', 'Whether the job is RUNNING; with STATE.'),
  restartingState: gauge('0 or 1', 'Whether the job is RESTARTING; with STATE.'),
  failingState: gauge('0 or 1', 'Whether the job is FAILING; with STATE.'),
  cancellingState: gauge('0 or 1', 'Whether the job is CANCELLING; with STATE.'),
  deployingState: gauge(
    '0 or 1',
    'Whether a task of the job is DEPLOYING, and of a batch job none is deployed yet; with STATE.',
  ),
};
