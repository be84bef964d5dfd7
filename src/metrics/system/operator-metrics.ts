import { counter, gauge, rateOf } from './definition.ts';

/** Of each operator of a subtask, in scope `taskmanager_job_task_operator`. */
export const OPERATOR_METRICS = {
  numRecordsIn: counter('records', 'Records that the operator got.'),
  numRecordsInPerSecond: rateOf('records', 'Rate of numRecordsIn.'),
  numRecordsOut: counter('records', 'Records that the operator emitted, side outputs included.'),
  numRecordsOutPerSecond: rateOf('records', 'Rate of numRecordsOut.'),
  currentInputWatermark: gauge('ms', 'Event time that reached the operator; -2^63 before any watermark.'),
  currentInput1Watermark: gauge('ms', 'Event time of the first of two inputs.'),
  currentInput2Watermark: gauge('ms', 'Event time of the second of two inputs.'),
  currentOutputWatermark: gauge('ms', 'Event time that the operator sent on; -2^63 before any watermark.'),
  numLateRecordsDropped: counter(
    'records',
    'Records that came behind the watermark and its allowed lateness.',
  ),
  'state.size': gauge('bytes', "Bytes of the operator's state in the task's last checkpoint. Own."),
};

/** Of the source of a task, beside those of every operator. */
export const SOURCE_METRICS = {
  numRecordsInErrors: counter('records', 'Records that could not be decoded.'),
  currentFetchEventTimeLag: gauge('ms', 'Wall time minus event time of the last record, when it was read.'),
  currentEmitEventTimeLag: gauge('ms', 'Wall time minus event time of the last record, when it was emitted.'),
  watermarkLag: gauge('ms', 'Wall time minus the watermark, now.'),
  sourceIdleTime: gauge('ms', 'Time since the last records.'),
  pendingRecords: gauge('records', 'Records that wait to be read, where the connector knows.'),
  pendingBytes: gauge(
    'bytes',
    'Bytes of the splits in hand that were not read yet, where the connector knows.',
  ),
  assignedSplits: gauge('splits', 'Splits in hand.'),
  numSplitsProcessed: counter('splits', 'Splits read to their end.'),
  watermarkAlignmentDrift: gauge(
    'ms',
    'With watermark alignment: how far its watermark is before the smallest of its group.',
  ),
};

/** Of the sink of a task, beside those of every operator. */
export const SINK_METRICS = {
  numRecordsSend: counter('records', 'Records handed to the writer.'),
  numRecordsSendPerSecond: rateOf('records', 'Rate of numRecordsSend.'),
  numBytesSend: counter(
    'bytes',
    'Bytes that writer and committer have written out, where the connector knows.',
  ),
  numBytesSendPerSecond: rateOf('bytes', 'Rate of numBytesSend.'),
  totalCommittables: counter(
    'committables',
    'Committables prepared, or found in the checkpoint gone on from.',
  ),
  successfulCommittables: counter('committables', 'Committables made visible.'),
  failedCommittables: counter('committables', 'Committables given up: the job fails.'),
  retriedCommittables: counter('committables', 'Commits that were tried again.'),
  alreadyCommittedCommittables: counter(
    'committables',
    'Committables that the target had, from an earlier attempt.',
  ),
  pendingCommittables: gauge('committables', 'Committables that wait for their checkpoint or their commit.'),
};
