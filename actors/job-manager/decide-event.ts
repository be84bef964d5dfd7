import { ExternalError, serializeError } from '../../src/base/errors.ts';
import {
  backoffElapsed,
  cancelJob,
  countersReported,
  executionChanged,
  jobFailed,
  restoreFailed,
  slotsLost,
  suspendJob,
  taskManagerLost,
} from '../../src/control/scheduler/decide.ts';
import type { Decision, Moment, SchedulerState } from '../../src/control/scheduler/state.ts';
import type { JobManagerRequest } from '../../src/protocol/job-manager.ts';
import type { JobManagerEvent } from './job-manager.machine.ts';

/** What the scheduler decides on an event; undefined where it is for others. */
export function decideEvent(scheduler: SchedulerState, event: JobManagerEvent): Decision | undefined {
  switch (event.type) {
    case 'requested':
      return decideRequest(scheduler, event.request, event.moment);
    case 'clientRequested':
      return event.request.type === 'cancelJob' ? cancelJob(scheduler) : undefined;
    case 'slotsGone':
      return slotsLost(scheduler, event.allocations, event.error, event.moment);
    case 'taskManagerSilent':
      return taskManagerLost(scheduler, event.taskManagerId, event.error, event.moment);
    case 'backoffElapsed':
      return backoffElapsed(scheduler, event.region, event.attempt);
    case 'sourceFailed':
    case 'checkpointsFailed':
      return jobFailed(scheduler, event.error, event.moment);
    case 'restoreFailed':
      return restoreFailed(scheduler, event.error);
    case 'suspend':
      return suspendJob(scheduler);
    case 'ticked':
    case 'slotsDeclared':
      return undefined;
  }
}

function decideRequest(
  scheduler: SchedulerState,
  request: JobManagerRequest,
  moment: Moment,
): Decision | undefined {
  switch (request.type) {
    case 'taskStateChanged':
      return executionChanged(scheduler, request, request.state, request, moment);
    case 'taskProgress':
      return countersReported(scheduler, request, request.counters);
    case 'taskManagerLost': {
      const error = new ExternalError(`TaskManager ${request.taskManagerId} is lost: ${request.reason}`);
      return taskManagerLost(scheduler, request.taskManagerId, serializeError(error), moment);
    }
    case 'slotsLost':
      return slotsLost(scheduler, request.allocationIds, request.error, moment);
    case 'offerSlots': // answered with what was accepted: see `takeOffers`
    case 'requestSplit': // for the source-coordinator
    case 'collectRows': // for the result buffer
    case 'reportWatermark': // answered with what the others reported
    case 'acknowledgeCheckpoint': // for the checkpoint-coordinator
    case 'declineCheckpoint':
    case 'endOfData':
      return undefined;
  }
}
