import { describe, expect, it } from 'vitest';
import { serializeError } from '../../src/base/errors.ts';
import type { Epoch, JobId } from '../../src/base/ids.ts';
import type { ClientRequest } from '../../src/protocol/client-dispatcher.ts';
import type { JobSummary } from '../../src/protocol/job-status.ts';
import type { Caller } from '../messaging/serve.ts';
import { walk } from '../test-support/walk.ts';
import { dispatcherMachine } from './dispatcher.machine.ts';
import type { DispatcherEvent } from './dispatcher.machine.ts';

const RECOVERED: DispatcherEvent = { type: 'recovered', jobs: [], ended: [] };
const JOB = 'job1' as JobId;

function caller(replyTo: string): Caller {
  return { replyTo, encoding: 'json' };
}
function requested(request: ClientRequest, from = 'one'): DispatcherEvent {
  return { type: 'requested', request, caller: caller(from) };
}
function submit(from = 'one'): DispatcherEvent {
  return requested({ type: 'submitJob', jobId: JOB, module: { source: 'x' } }, from);
}
function ended(jobId: string): DispatcherEvent {
  const summary: JobSummary = {
    jobId: jobId as JobId,
    name: 'n',
    status: 'FINISHED',
    submittedAt: 0,
    tasksTotal: 1,
    tasksRunning: 0,
    taskStates: {},
    lastModified: 0,
  };
  return { type: 'jobEnded', summary };
}
const STARTED: DispatcherEvent = { type: 'jobStarted', jobId: JOB, name: 'n' };

function last(...events: DispatcherEvent[]): ReturnType<typeof walk<typeof dispatcherMachine>>[number] {
  const input = { epoch: 1 as Epoch, newJobId: () => 'made' as JobId, endedJobsKept: 1 };
  return walk(dispatcherMachine, input, ...events).at(-1)!;
}

describe('dispatcher machine', () => {
  it('when it still recovers then requests are refused, to come again', () => {
    expect(last(submit()).actions).toEqual(['refuseNotLeading']);
  });

  it('when a job is submitted then it is answered only once it has started', () => {
    expect(last(RECOVERED, submit()).actions).toEqual(['startJob']);
    expect(last(RECOVERED, submit(), STARTED).performed).toMatchObject([
      { type: 'replySubmitted', params: { jobId: JOB, callers: [caller('one')] } },
    ]);
  });

  it('when the same job is submitted again then it starts once and everyone is answered', () => {
    expect(last(RECOVERED, submit(), submit('two')).actions).toEqual([]);
    expect(last(RECOVERED, submit(), submit('two'), STARTED).performed).toMatchObject([
      { params: { callers: [caller('one'), caller('two')] } },
    ]);
    expect(last(RECOVERED, submit(), STARTED, submit('three')).actions).toEqual(['replySubmitted']);
  });

  it('when no id is given then one is made', () => {
    const step = last(RECOVERED, requested({ type: 'submitJob', module: { source: 'x' } }));
    expect(step.performed).toMatchObject([{ type: 'startJob', params: { jobId: 'made' } }]);
  });

  it('when a job is refused then its submitters hear why and it can be submitted again', () => {
    const refused: DispatcherEvent = {
      type: 'jobRefused',
      jobId: JOB,
      error: serializeError(new Error('bad')),
    };
    expect(last(RECOVERED, submit(), refused).performed).toMatchObject([
      { type: 'replyRefused', params: { callers: [caller('one')] } },
    ]);
    expect(last(RECOVERED, submit(), refused, submit()).actions).toEqual(['startJob']);
  });

  it('when more jobs have ended than are kept then the oldest is forgotten', () => {
    expect(last(RECOVERED, ended('a'), ended('b')).performed).toMatchObject([
      { type: 'forgetJob', params: { jobId: 'a' } },
    ]);
  });

  it('when a submission comes again under the next leader, and the job has ended, then it is answered and not run', () => {
    const again = last({ type: 'recovered', jobs: [], ended: [{ jobId: JOB, name: 'n' }] }, submit());
    expect(again.performed).toMatchObject([
      { type: 'replySubmitted', params: { jobId: JOB, name: 'n', callers: [caller('one')] } },
    ]);
  });

  it('when jobs were persisted by a former leader then they are started again', () => {
    const job = { jobId: JOB, moduleSha256: 'x', configuration: {}, submittedAt: 0 };
    expect(last({ type: 'recovered', jobs: [job], ended: [] }).performed).toMatchObject([
      { type: 'restartJob', params: { job } },
    ]);
  });
});
