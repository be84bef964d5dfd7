import { setup } from 'xstate';
import type { ResourceRequirements } from '../../src/control/rescale.ts';
import type { SerializedError } from '../../src/base/errors.ts';
import type { Epoch, JobId } from '../../src/base/ids.ts';
import type { ClientRequest } from '../../src/protocol/client-dispatcher.ts';
import type { JobSummary } from '../../src/protocol/job-status.ts';
import type { Caller } from '../messaging/serve.ts';

/**
 * Accepts jobs, keeps them, starts one job-manager for each.
 *
 * Invariants:
 * D1. A job is answered `jobSubmitted` only after it was persisted.
 * D2. The same job id is accepted once, by whatever leader; a repeated submission gets the first answer.
 */
export type DispatcherEvent =
  | { readonly type: 'requested'; readonly request: ClientRequest; readonly caller: Caller }
  | {
      readonly type: 'recovered';
      readonly jobs: readonly PersistedJob[];
      /** Jobs that ended under leaders before, the oldest first. */
      readonly ended: readonly Pick<JobSummary, 'jobId' | 'name'>[];
    }
  | { readonly type: 'recoveryFailed'; readonly error: SerializedError }
  | { readonly type: 'jobStarted'; readonly jobId: JobId; readonly name: string }
  | { readonly type: 'jobRefused'; readonly jobId: JobId; readonly error: SerializedError }
  | { readonly type: 'jobEnded'; readonly summary: JobSummary }
  | { readonly type: 'stop' };

/** A job as it is kept in the metadata store. */
export interface PersistedJob {
  readonly jobId: JobId;
  readonly moduleSha256: string;
  readonly configuration: Readonly<Record<string, string>>;
  readonly submittedAt: number;
  /** What parallelism it may have, where somebody has said so or it was rescaled. */
  readonly requirements?: ResourceRequirements | undefined;
}

export interface DispatcherInput {
  readonly epoch: Epoch;
  readonly newJobId: () => JobId;
  /** Ended jobs kept for clients; the oldest are forgotten first. */
  readonly endedJobsKept: number;
}

export interface DispatcherContext extends DispatcherInput {
  readonly jobs: ReadonlyMap<JobId, JobEntry>;
}

export type JobEntry =
  | { readonly state: 'submitting'; readonly callers: readonly Caller[] }
  | { readonly state: 'started'; readonly name: string }
  | { readonly state: 'ended'; readonly name: string };

type RequestOf<T extends ClientRequest['type']> = Extract<ClientRequest, { type: T }>;

function withJob(context: DispatcherContext, jobId: JobId, entry: JobEntry): Map<JobId, JobEntry> {
  return new Map(context.jobs).set(jobId, entry);
}

const isRequest =
  (...types: readonly ClientRequest['type'][]) =>
  ({ event }: { event: DispatcherEvent }): boolean =>
    event.type === 'requested' && types.includes(event.request.type);

const base = setup({
  types: {
    context: {} as DispatcherContext,
    events: {} as DispatcherEvent,
    input: {} as DispatcherInput,
  },
  actions: {
    recoverJobs: () => {},
    startJob: (_, _params: { jobId: JobId; request: RequestOf<'submitJob'> }) => {},
    restartJob: (_, _params: { job: PersistedJob }) => {},
    replySubmitted: (_, _params: { jobId: JobId; name: string; callers: readonly Caller[] }) => {},
    replyRefused: (_, _params: { error: SerializedError; callers: readonly Caller[] }) => {},
    forwardToJob: () => {},
    replyJobList: () => {},
    replyOverview: () => {},
    replyTaskManagers: () => {},
    refuseNotLeading: () => {},
    forgetJob: (_, _params: { jobId: JobId }) => {},
    stopAll: () => {},
  },
  guards: {
    isSubmit: isRequest('submitJob'),
    isAboutJob: isRequest(
      'requestJobDetails',
      'requestExecutionGraph',
      'requestCheckpointStatistics',
      'cancelJob',
      'updateResourceRequirements',
      'requestRescaling',
      'triggerSnapshot',
      'requestSnapshotStatus',
      'fetchResults',
    ),
    isList: isRequest('listJobs'),
    isTaskManagers: isRequest('listTaskManagers'),
  },
});

const machine = base.extend({
  actions: {
    submit: base.enqueueActions(({ context, event, enqueue }) => {
      const { request, caller } = event as Extract<DispatcherEvent, { type: 'requested' }>;
      if (request.type !== 'submitJob') return;
      const jobId = request.jobId ?? context.newJobId();
      const known = context.jobs.get(jobId);
      if (known === undefined) {
        enqueue.assign({ jobs: withJob(context, jobId, { state: 'submitting', callers: [caller] }) });
        enqueue({ type: 'startJob', params: { jobId, request } });
      } else if (known.state === 'submitting') {
        enqueue.assign({ jobs: withJob(context, jobId, { ...known, callers: [...known.callers, caller] }) });
      } else {
        enqueue({ type: 'replySubmitted', params: { jobId, name: known.name, callers: [caller] } });
      }
    }),
    noteStarted: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'jobStarted') return;
      const { jobId, name } = event;
      const known = context.jobs.get(jobId);
      const callers = known?.state === 'submitting' ? known.callers : [];
      enqueue.assign({ jobs: withJob(context, jobId, { state: 'started', name }) });
      enqueue({ type: 'replySubmitted', params: { jobId, name, callers } });
    }),
    noteRefused: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'jobRefused') return;
      const known = context.jobs.get(event.jobId);
      const jobs = new Map(context.jobs);
      jobs.delete(event.jobId);
      enqueue.assign({ jobs });
      const callers = known?.state === 'submitting' ? known.callers : [];
      enqueue({ type: 'replyRefused', params: { error: event.error, callers } });
    }),
    noteEnded: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'jobEnded') return;
      const { jobId, name } = event.summary;
      const jobs = new Map(context.jobs);
      jobs.delete(jobId);
      jobs.set(jobId, { state: 'ended', name });
      const ended = [...jobs].filter(([, entry]) => entry.state === 'ended').map(([id]) => id);
      for (const old of ended.slice(0, Math.max(0, ended.length - context.endedJobsKept))) {
        jobs.delete(old);
        enqueue({ type: 'forgetJob', params: { jobId: old } });
      }
      enqueue.assign({ jobs });
    }),
    recover: base.enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'recovered') return;
      const jobs = new Map(context.jobs);
      for (const { jobId, name } of event.ended) jobs.set(jobId, { state: 'ended', name });
      for (const job of event.jobs) {
        jobs.set(job.jobId, { state: 'submitting', callers: [] });
        enqueue({ type: 'restartJob', params: { job } });
      }
      enqueue.assign({ jobs });
    }),
  },
});

export const dispatcherMachine = machine.createMachine({
  id: 'dispatcher',
  context: ({ input }) => ({ ...input, jobs: new Map() }),
  initial: 'recovering',
  on: { stop: '.stopped' },
  states: {
    recovering: {
      entry: 'recoverJobs',
      on: {
        recovered: { target: 'leading', actions: 'recover' },
        recoveryFailed: 'stopped',
        requested: { actions: 'refuseNotLeading' },
      },
    },
    leading: {
      on: {
        requested: [
          { guard: 'isSubmit', actions: 'submit' },
          { guard: 'isAboutJob', actions: 'forwardToJob' },
          { guard: 'isList', actions: 'replyJobList' },
          { guard: 'isTaskManagers', actions: 'replyTaskManagers' },
          { actions: 'replyOverview' },
        ],
        jobStarted: { actions: 'noteStarted' },
        jobRefused: { actions: 'noteRefused' },
        jobEnded: { actions: 'noteEnded' },
      },
    },
    stopped: { entry: 'stopAll', type: 'final' },
  },
});
