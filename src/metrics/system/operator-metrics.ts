import { counter, gauge, rateOf } from './definition.ts';

/** Of each operator of a subtask, in scope `taskmanager_job_task_operator`. */
export const OPERATOR_METRICS = {
  numRecordsIn: counter('records', 'Records that the operator got.'),
  numRecordsInPerSecond: rateOf('records', 'Rate of numRecordsIn.'),
  numRecordsOut: counter('records', 'Records that the operator emitted, side outputs included.'),
  numRecordsOutPerSecond: rateOf('records', 'Rate of numRecordsOut.'),
  currentInputWatermark: gauge('ms', 'Event time that reached the operator; -2^63 before any watermark.'),
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
};

/** Of the sink of a task, beside those of every operator. */
export const SINK_METRICS = {
  numRecordsSend: counter('records', 'Records handed to the writer.'),
  numRecordsSendPerSecond: rateOf('records', 'Rate of numRecordsSend.'),
  successfulCommittables: counter('committables', 'Committables made visible.'),
  retriedCommittables: counter('committables', 'Commits that were tried again.'),
  pendingCommittables: gauge('committables', 'Committables that wait for their checkpoint or their commit.'),
};
