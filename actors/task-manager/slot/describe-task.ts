import { assert } from '../../../src/base/assert.ts';
import type { TaskManagerId } from '../../../src/base/ids.ts';
import type { Carrier, ChannelDescriptor, ChannelEnd } from '../../../src/dataplane/exchange/channel.ts';
import type { TaskDescriptor } from '../../../src/dataplane/task/task.ts';
import type { Deployment, Gate, SubmitTasks } from '../../../src/protocol/slot.ts';

/** Where a slot is. */
export interface Place {
  readonly taskManagerId: TaskManagerId;
  readonly processId: string;
  readonly slot: number;
}

/** Unfolds a deployment into the task's descriptor with one descriptor per channel. Both ends of a channel get the same. */
export function describeTask(
  request: SubmitTasks,
  deployment: Deployment,
  vertexName: string,
  here: Place,
): TaskDescriptor {
  return {
    jobId: request.job.jobId,
    jobName: request.job.jobName,
    vertexId: deployment.vertexId,
    vertexName,
    subtaskIndex: deployment.subtaskIndex,
    parallelism: deployment.parallelism,
    maxParallelism: deployment.maxParallelism,
    attempt: deployment.attempt,
    epoch: request.epoch,
    inputs: channelsOf(request, deployment, deployment.inputs, 'consumer', here),
    outputs: channelsOf(request, deployment, deployment.outputs, 'producer', here),
  };
}

/** The channels of one side of a deployment. */
export function channelsOf(
  request: SubmitTasks,
  deployment: Deployment,
  gates: readonly Gate[],
  side: 'producer' | 'consumer',
  here: Place,
): ChannelDescriptor[] {
  const own: ChannelEnd = { ...deployment, taskManagerId: here.taskManagerId, slot: here.slot };
  const self = endOf(own);
  return gates.flatMap((gate) =>
    gate.peers.map(([peerIndex, locationIndex]): ChannelDescriptor => {
      const location = request.locations[locationIndex];
      assert(location !== undefined, 'peers point into the table of locations');
      const [taskManagerId, processId, slot] = location;
      const peer: ChannelEnd = { vertexId: gate.peerVertexId, subtaskIndex: peerIndex, taskManagerId, slot };
      const [producer, consumer] = side === 'producer' ? [self, peer] : [peer, self];
      return {
        channelId: `${gate.edgeId}-${producer.subtaskIndex}-${consumer.subtaskIndex}`,
        edgeId: gate.edgeId,
        targetInput: gate.targetInput,
        producer,
        consumer,
        consumerMaxParallelism: gate.maxParallelism,
        carrier: carrierTo(here, { taskManagerId, processId, slot }),
      };
    }),
  );
}

function endOf({ vertexId, subtaskIndex, taskManagerId, slot }: ChannelEnd): ChannelEnd {
  return { vertexId, subtaskIndex, taskManagerId, slot };
}

function carrierTo(here: Place, there: Place): Carrier {
  if (here.processId !== there.processId) return 'network';
  return here.taskManagerId === there.taskManagerId && here.slot === there.slot ? 'slot' : 'process';
}
