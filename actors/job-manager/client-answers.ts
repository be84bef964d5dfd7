import type { CheckpointHistory } from '../../src/control/checkpoints/history.ts';
import type { DispatcherReply } from '../../src/protocol/client-dispatcher.ts';
import { resultPages } from '../messaging/result-pages.ts';
import { executionGraphInfo } from './execution-graph-info.ts';
import { hasEnded, jobDetails } from './job-details.ts';
import type { JobHistory } from './job-history.ts';
import type { JobClientRequest, JobManagerContext } from './job-manager.machine.ts';
import type { ResultBuffer } from './result-buffer.ts';
import type { SnapshotOrders } from './snapshot-orders.ts';

/** What a job-manager knows beside the context of its machine. */
export interface JobKnowledge {
  readonly history: JobHistory;
  readonly results: ResultBuffer;
  readonly checkpoints: CheckpointHistory;
  readonly orders: SnapshotOrders;
  readonly batch: boolean;
  /** Wall time, ms. */
  readonly endedAt: number | undefined;
}

/** What a client is told, after what it asked for was decided. */
export function answerToClient(
  context: JobManagerContext,
  request: JobClientRequest,
  { history, results, checkpoints, orders, batch, endedAt }: JobKnowledge,
): DispatcherReply {
  const { jobId, scheduler } = context;
  switch (request.type) {
    case 'requestJobDetails':
      return { type: 'jobDetails', job: jobDetails(context, history, endedAt, results.size) };
    case 'requestExecutionGraph': {
      const more = { endedAt, results: results.size, batch };
      return { type: 'executionGraph', job: executionGraphInfo(context, history, more) };
    }
    case 'requestCheckpointStatistics': {
      const { intervalMs } = context.checkpoints;
      const statistics = checkpoints.statistics(intervalMs, request.checkpointId);
      return { type: 'checkpointStatistics', statistics };
    }
    case 'cancelJob':
      return { type: 'cancelAccepted', jobId };
    case 'triggerSnapshot':
      return orders.take(request, scheduler.status);
    case 'requestSnapshotStatus':
      return orders.status(request.requestId, scheduler.status);
    case 'fetchResults': {
      const { attempt, rows: found, end } = results.read(request.collectId, request.from, request.max);
      // Only as many as one message holds: the client asks on from there.
      const [rows = []] = resultPages(found);
      const complete = hasEnded(context) && request.from + rows.length >= end;
      return { type: 'results', attempt, from: request.from, rows: [...rows], complete };
    }
  }
}
