import type { JobId, OperatorId } from '../../base/ids.ts';
import { operatorComponent } from '../../metrics/test-support/operator-component.ts';
import { InMemoryOperatorStateStore } from '../../state/index.ts';
import type { SinkWriterContext } from '../../functions/sink.ts';

export interface WriterPlace {
  readonly subtask?: number;
  readonly parallelism?: number;
  readonly attempt?: number;
  readonly commitsAtCheckpoints?: boolean;
  readonly restoredCheckpointId?: number;
  readonly now?: () => number;
  readonly sendResults?: (collectId: string, rows: readonly unknown[]) => Promise<void>;
}

/** What a subtask would give its sink's writer. */
export function writerContext(place: WriterPlace = {}): SinkWriterContext {
  const { subtask = 0, parallelism = 1, attempt = 0 } = place;
  const operatorState = new InMemoryOperatorStateStore();
  const metrics = operatorComponent();
  return {
    taskInfo: {
      jobId: '0'.repeat(32) as JobId,
      jobName: 'test',
      operatorName: 'sink',
      taskName: `sink (${subtask + 1}/${parallelism})#${attempt}`,
      indexOfThisSubtask: subtask,
      numberOfParallelSubtasks: parallelism,
      maxNumberOfParallelSubtasks: 128,
      attemptNumber: attempt,
      leaderEpoch: 1,
    },
    operatorId: '1'.repeat(32) as OperatorId,
    now: place.now ?? (() => 0),
    commitsAtCheckpoints: place.commitsAtCheckpoints ?? false,
    restoredCheckpointId: place.restoredCheckpointId,
    metricGroup: () => metrics.group,
    getOperatorStateStore: () => operatorState,
    sendResults: place.sendResults ?? (() => Promise.reject(new Error('no results expected'))),
  };
}
