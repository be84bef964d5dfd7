import { describe, expect, it } from 'vitest';
import type { JobId, VertexId } from '../../src/base/ids.ts';
import type { SchedulerEffect, SchedulerState } from '../../src/control/scheduler/state.ts';
import type { ExecutionState, JobStatus } from '../../src/protocol/job-status.ts';
import { RecordingTracing } from '../../src/testing/recording-tracing.ts';
import { JobTrace } from './job-trace.ts';

const VERTEX = 'v' as VertexId;
const JOB = { jobId: 'j1' as JobId, name: 'orders' };

function scheduler(...states: ExecutionState[]): SchedulerState {
  const executions = states.map((state) => ({ state, allocationId: undefined, counters: undefined }));
  return { executions: new Map([[VERTEX, executions]]) } as unknown as SchedulerState;
}

function execution(to: ExecutionState): SchedulerEffect {
  return { type: 'announceExecution', ref: { vertexId: VERTEX, subtaskIndex: 0, attempt: 0 }, to };
}

function status(from: JobStatus, to: JobStatus, message?: string): SchedulerEffect {
  const error = message === undefined ? {} : { error: { name: 'ExternalError', message } as never };
  return { type: 'announceJob', from, to, ...error };
}

describe('JobTrace', () => {
  it('when some subtasks do not run yet, then the start goes on; when all run, then it has ended', () => {
    const tracing = new RecordingTracing();
    const trace = new JobTrace(tracing, JOB, undefined);
    trace.observe(execution('RUNNING'), scheduler('RUNNING', 'INITIALIZING'));
    expect(trace.context).toBe(tracing.spans[0]?.context);
    trace.observe(execution('RUNNING'), scheduler('RUNNING', 'FINISHED'));
    expect(trace.context).toBeUndefined();
    expect(tracing.spans).toMatchObject([{ name: 'job-manager start job', outcome: { error: undefined } }]);
  });

  it('when a running job restarts, then a trace of its own lasts until all subtasks run again', () => {
    const tracing = new RecordingTracing();
    const trace = new JobTrace(tracing, JOB, undefined);
    trace.observe(execution('RUNNING'), scheduler('RUNNING'));
    trace.observe(status('RUNNING', 'RESTARTING', 'a slot is lost'), scheduler('FAILED'));
    expect(tracing.spans[1]).toMatchObject({
      name: 'job-manager failover',
      attributes: { 'millrace.job.id': 'j1', 'millrace.failure': 'a slot is lost' },
      outcome: undefined,
    });
    expect(tracing.spans[1]?.parent).toBeUndefined();
    trace.observe(execution('RUNNING'), scheduler('RUNNING'));
    expect(tracing.spans[1]?.outcome).toEqual({ error: undefined });
  });

  it('when the job fails while it starts, then the span has the error', () => {
    const tracing = new RecordingTracing();
    const trace = new JobTrace(tracing, JOB, undefined);
    trace.observe(status('RUNNING', 'FAILED', 'no slots'), scheduler('CANCELED'));
    expect(tracing.spans[0]?.outcome).toMatchObject({ error: { message: 'no slots' } });
    expect(trace.context).toBeUndefined();
  });
});
