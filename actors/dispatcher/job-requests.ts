import { ExternalError, NotFoundError, serializeError } from '../../src/base/errors.ts';
import type { JobId } from '../../src/base/ids.ts';
import type { ClientRequest } from '../../src/protocol/client-dispatcher.ts';
import type { JobManagerHandle } from '../job-manager/job-manager-options.ts';
import type { JobClientRequest } from '../job-manager/job-manager.machine.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { reply } from '../messaging/serve.ts';
import type { Caller } from '../messaging/serve.ts';
import type { EndedJobs } from './ended-jobs.ts';
import type { JobManagers } from './job-managers.ts';
import type { JobStarter } from './job-starter.ts';
import type { Rescaler } from './rescaler.ts';

type RescalingRequest = Extract<ClientRequest, { type: 'updateResourceRequirements' | 'requestRescaling' }>;

/** Requests about one job. */
export type JobRequest = JobClientRequest | RescalingRequest;

export interface JobRequestsOptions {
  readonly jobManagers: JobManagers;
  readonly starter: JobStarter;
  readonly rescaler: Rescaler;
  readonly ended: EndedJobs;
}

/** Hands what clients want of one job to its job-manager, and answers where there is none. */
export class JobRequests {
  readonly #environment: ActorEnvironment;
  readonly #options: JobRequestsOptions;

  constructor(environment: ActorEnvironment, options: JobRequestsOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  /** @param isStarting whether the job is being started */
  take(request: JobRequest, caller: Caller, isStarting: boolean): void {
    const { jobId } = request;
    const { jobManagers, starter, ended } = this.#options;
    const jobManager = jobManagers.get(jobId);
    if (jobManager !== undefined) return this.#forward(jobManager, request, caller);
    if (request.type === 'cancelJob' && starter.cancel(jobId))
      return reply(this.#environment, caller, { type: 'cancelAccepted', jobId });
    const job = ended.find(jobId);
    if (job !== undefined && request.type === 'requestJobDetails')
      return reply(this.#environment, caller, { type: 'jobDetails', job });
    const error = isStarting
      ? new ExternalError(`job ${jobId} is being started: try again`)
      : this.#notThere(jobId);
    reply(this.#environment, caller, { type: 'refused', error: serializeError(error) });
  }

  #forward(jobManager: JobManagerHandle, request: JobRequest, caller: Caller): void {
    if (request.type === 'updateResourceRequirements' || request.type === 'requestRescaling')
      return void this.#answerAboutRescaling(jobManager, request, caller);
    // Not from within this transition: it is another machine's. By then the job may have another job-manager.
    queueMicrotask(() => this.#options.jobManagers.get(request.jobId)?.handle(request, caller));
  }

  async #answerAboutRescaling(
    jobManager: JobManagerHandle,
    request: RescalingRequest,
    caller: Caller,
  ): Promise<void> {
    const { jobId } = request;
    const { rescaler } = this.#options;
    try {
      if (request.type === 'updateResourceRequirements') {
        await rescaler.require(jobId, request.requirements);
        return reply(this.#environment, caller, { type: 'requirementsUpdated', jobId });
      }
      const { jobGraph } = jobManager.actor.getSnapshot().context.graph;
      const rescaling = rescaler.rescaling(jobId, jobGraph);
      reply(this.#environment, caller, { type: 'rescaling', rescaling });
    } catch (error) {
      reply(this.#environment, caller, { type: 'refused', error: serializeError(error) });
    }
  }

  #notThere(jobId: JobId): NotFoundError {
    const ended = this.#options.ended.find(jobId);
    return new NotFoundError(
      ended === undefined
        ? `there is no job ${jobId}; "millrace list" shows the jobs of this cluster`
        : `job ${jobId} has ended, it is ${ended.status}; the JobManager has changed since, and that is all that is known`,
    );
  }
}
