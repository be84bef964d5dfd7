import { describe, expect, it } from 'vitest';
import { ExternalError, serializeError } from '../../src/base/errors.ts';
import type { AllocationId, Epoch, JobId, TaskManagerId, VertexId } from '../../src/base/ids.ts';
import { buildExecutionGraph } from '../../src/graph/execution-graph.ts';
import { generateJobGraph } from '../../src/graph/job-graph-generator.ts';
import { StreamGraph } from '../../src/graph/stream-graph.ts';
import type { JobManagerRequest } from '../../src/protocol/job-manager.ts';
import type { ExecutionState } from '../../src/protocol/job-status.ts';
import { NOBODY } from '../messaging/serve.ts';
import { walk } from '../test-support/walk.ts';
import { jobManagerMachine } from './job-manager.machine.ts';
import type { JobManagerEvent, JobManagerInput } from './job-manager.machine.ts';

const EPOCH = 3 as Epoch;
const JOB = 'job' as JobId;
const CHECKPOINTS = {
  intervalMs: undefined,
  timeoutMs: 1_000,
  minPauseMs: 0,
  maxConcurrent: 1,
  tolerableFailed: 0,
  retained: 1,
  unalignedAfterMs: undefined,
  afterTasksFinish: true,
};
const ERROR = serializeError(new ExternalError('gone'));

function moment(now = 0): { now: number; random: number } {
  return { now, random: 0.5 };
}

/** One source vertex of one subtask. */
function input(): JobManagerInput {
  const graph = new StreamGraph<string>();
  graph.addNode({ kind: 'source', factory: 's', name: 'source', isSource: true });
  const settings = {
    jobName: 'job',
    parallelism: 1,
    maxParallelism: undefined,
    chaining: true,
    genericTypes: true,
  };
  return {
    jobId: JOB,
    epoch: EPOCH,
    submittedAt: 0,
    moduleSha256: 'a'.repeat(64),
    configuration: {},
    graph: buildExecutionGraph(generateJobGraph(graph, settings).jobGraph),
    policy: { strategy: { type: 'fixed-delay', attempts: 1, delayMs: 5 }, retryUserFailures: true },
    slotRequestTimeoutMs: 1_000,
    origin: { recovered: false },
    checkpoints: CHECKPOINTS,
  };
}
const VERTEX = input().graph.jobGraph.vertices[0]!.id satisfies VertexId;

function requested(request: JobManagerRequest): JobManagerEvent {
  return { type: 'requested', request, caller: NOBODY, moment: moment() };
}
const OFFER = requested({
  type: 'offerSlots',
  epoch: EPOCH,
  taskManagerId: 'tm' as TaskManagerId,
  processId: 'p',
  slots: [{ slot: 0, allocationId: 'a' as AllocationId }],
});
function report(state: ExecutionState, attempt = 0, epoch = EPOCH): JobManagerEvent {
  const error = state === 'FAILED' ? { error: ERROR } : {};
  return requested({
    type: 'taskStateChanged',
    epoch,
    vertexId: VERTEX,
    subtaskIndex: 0,
    attempt,
    state,
    ...error,
  });
}
const CANCEL: JobManagerEvent = {
  type: 'clientRequested',
  request: { type: 'cancelJob', jobId: JOB },
  caller: NOBODY,
};

function last(...events: JobManagerEvent[]): ReturnType<typeof walk<typeof jobManagerMachine>>[number] {
  return walk(jobManagerMachine, input(), ...events).at(-1)!;
}
function effects(step: ReturnType<typeof last>): string[] {
  return step.performed
    .filter(({ type }) => type === 'perform')
    .map(({ params }) => (params as { effect: { type: string } }).effect.type)
    .filter((type) => !type.startsWith('announce'));
}

describe('job-manager machine', () => {
  it('when it starts then the job is running and asks for slots', () => {
    expect(last().snapshot.value).toBe('running');
    expect(effects(last())).toEqual(['declareSlots']);
  });

  it('when its slots are offered then it takes them and deploys', () => {
    expect(effects(last(OFFER))).toEqual(['deployRegion']);
    expect(last(OFFER).actions.at(-1)).toBe('replyOffers');
  });

  it('when all subtasks finish then the job is finished, once', () => {
    const step = last(OFFER, report('RUNNING'), report('FINISHED'));
    expect(step.snapshot.value).toBe('finished');
    expect(step.actions.filter((type) => type === 'jobEnded')).toHaveLength(1);
    expect(last(OFFER, report('FINISHED'), CANCEL).snapshot.value).toBe('finished');
  });

  it('when a subtask fails then the job restarts after its backoff, and fails when restarts are used up', () => {
    const failed = last(OFFER, report('RUNNING'), report('FAILED'));
    expect(failed.snapshot.value).toBe('restarting');
    expect(effects(failed)).toEqual(['discardAttempt', 'startBackoff']);
    const again: JobManagerEvent[] = [
      OFFER,
      report('RUNNING'),
      report('FAILED'),
      { type: 'backoffElapsed', region: 0, attempt: 0 },
    ];
    expect(effects(last(...again))).toContain('deployRegion');
    expect(last(...again, report('RUNNING', 1)).snapshot.value).toBe('running');
    expect(last(...again, report('FAILED', 1)).snapshot.value).toBe('failed');
  });

  it('when it is canceled then subtasks are canceled first', () => {
    expect(last(OFFER, report('RUNNING'), CANCEL).snapshot.value).toBe('cancelling');
    expect(last(OFFER, report('RUNNING'), CANCEL, report('CANCELED')).snapshot.value).toBe('canceled');
  });

  it('when a message of another epoch comes then it is fenced and changes nothing', () => {
    const step = last(OFFER, report('FAILED', 0, 2 as Epoch));
    expect(step.actions).toEqual(['replyFenced']);
    expect(step.snapshot.value).toBe('running');
  });

  it('when a TaskManager falls silent then its slots are lost and the job restarts', () => {
    const silent: JobManagerEvent = {
      type: 'taskManagerSilent',
      taskManagerId: 'tm' as TaskManagerId,
      error: ERROR,
      moment: moment(),
    };
    expect(last(OFFER, report('RUNNING'), silent).snapshot.value).toBe('restarting');
  });

  it('when slots do not come then it asks again, and fails after slot.request.timeout', () => {
    const tick = (now: number): JobManagerEvent => ({ type: 'ticked', moment: moment(now) });
    expect(effects(last(tick(0), tick(500)))).toEqual(['declareSlots']);
    expect(last(tick(0), tick(1_500)).snapshot.value).toBe('failed');
  });

  it('when a reader asks for splits then the source-coordinator hears it, but not for an old attempt', () => {
    const ask = (attempt: number): JobManagerEvent =>
      requested({
        type: 'requestSplit',
        epoch: EPOCH,
        vertexId: VERTEX,
        subtaskIndex: 0,
        attempt,
        requestId: 0,
      });
    expect(last(OFFER, ask(0)).actions).toEqual(['xstate.sendTo', 'replyAcknowledged']);
    expect(last(OFFER, ask(7)).actions).toEqual(['replyAcknowledged']);
  });

  it('when a source reports its watermark then it is aligned with its group, and of another epoch it is fenced', () => {
    const watermark = (epoch: Epoch): JobManagerEvent =>
      requested({
        type: 'reportWatermark',
        epoch,
        vertexId: VERTEX,
        subtaskIndex: 0,
        attempt: 0,
        watermark: 5,
        intervalMs: 100,
      });
    const before = last(OFFER, report('RUNNING'));
    const aligned = last(OFFER, report('RUNNING'), watermark(EPOCH));
    expect(aligned.actions).toEqual(['alignWatermarks']);
    expect(aligned.snapshot.context).toEqual(before.snapshot.context);
    expect(last(OFFER, report('RUNNING'), watermark(2 as Epoch)).actions).toEqual(['replyFenced']);
  });
});
