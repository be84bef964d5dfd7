import { createActor } from 'xstate';
import { ExternalError, deserializeError, serializeError } from '../../src/base/errors.ts';
import type { JobId } from '../../src/base/ids.ts';
import { RESULT_ROWS_PER_MESSAGE } from '../../src/base/limits.ts';
import { dispatcherReply } from '../../src/protocol/client-dispatcher.ts';
import type {
  CheckpointType,
  ClientRequest,
  DispatcherReply,
  JobModule,
} from '../../src/protocol/client-dispatcher.ts';
import type { CheckpointStatistics } from '../../src/protocol/checkpoint-statistics.ts';
import type { ExecutionGraphInfo } from '../../src/protocol/execution-graph-info.ts';
import type { ResourceRequirements } from '../../src/control/rescale.ts';
import type { Rescaling } from '../../src/protocol/rescaling.ts';
import type { TaskManagerInfo } from '../../src/protocol/task-manager-info.ts';
import type { JobDetails, JobSummary } from '../../src/protocol/job-status.ts';
import { ask, sleep } from '../messaging/ask.ts';
import type { AskPolicy } from '../messaging/ask.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { xstateClock } from '../messaging/xstate-clock.ts';
import { clientMachine } from './client.machine.ts';

export interface ClientSettings {
  /** `client.timeout` in ms. */
  readonly timeoutMs: number;
  readonly pollIntervalMs: number;
}

export const DEFAULT_CLIENT_SETTINGS: ClientSettings = { timeoutMs: 60_000, pollIntervalMs: 250 };

/** A job to submit: where its module is, and its configuration. */
export interface Submission {
  readonly jobId: JobId;
  readonly module: JobModule;
  readonly configuration: Readonly<Record<string, string>>;
}

/** How a checkpoint or savepoint is to be taken. */
export interface SnapshotOptions {
  /** Under which the savepoint gets a folder of its own. */
  readonly directory?: string;
  /** The job ends with it. */
  readonly stop?: boolean;
  /** Windows and timers fire first. */
  readonly drain?: boolean;
  readonly checkpointType?: CheckpointType;
}

type ReplyOf<T extends DispatcherReply['type']> = Extract<DispatcherReply, { type: T }>;

/** Speaks to a cluster's dispatcher. All methods throw what the dispatcher refused, or ExternalError when it is silent. */
export class ClusterClient {
  readonly #environment: ActorEnvironment;
  readonly #settings: ClientSettings;

  constructor(environment: ActorEnvironment, settings: ClientSettings = DEFAULT_CLIENT_SETTINGS) {
    this.#environment = environment;
    this.#settings = settings;
  }

  /** A new job id; giving the same id to a repeated submission makes that safe. */
  newJobId(): JobId {
    return this.#environment.random.hex(16) as JobId;
  }

  /** Submits and returns as soon as the dispatcher has accepted the job. */
  async submit(submission: Submission): Promise<{ readonly jobId: JobId; readonly name: string }> {
    const { jobId, module, configuration } = submission;
    const request = { type: 'submitJob' as const, jobId, module, configuration: { ...configuration } };
    const { tracing, scope } = this.#environment;
    const span = tracing.start('client submit job', { attributes: { 'millrace.job.id': jobId } });
    try {
      const submitted = await scope.within(span.context, () => this.#ask(request, 'jobSubmitted'));
      span.end({ attributes: { 'millrace.job.name': submitted.name } });
      return submitted;
    } catch (error) {
      span.end({ error: error as Error });
      throw error;
    }
  }

  async list(): Promise<readonly JobSummary[]> {
    return (await this.#ask({ type: 'listJobs' }, 'jobList')).jobs;
  }

  async details(jobId: JobId): Promise<JobDetails> {
    return (await this.#ask({ type: 'requestJobDetails', jobId }, 'jobDetails')).job;
  }

  /** All that is known of a job: its plan, attempts, failures. */
  async executionGraph(jobId: JobId): Promise<ExecutionGraphInfo> {
    return (await this.#ask({ type: 'requestExecutionGraph', jobId }, 'executionGraph')).job;
  }

  /** What is known of a job's checkpoints; of one of them also the part of each subtask. */
  async checkpointStatistics(jobId: JobId, checkpointId?: number): Promise<CheckpointStatistics> {
    const request = { type: 'requestCheckpointStatistics' as const, jobId };
    const asked = checkpointId === undefined ? request : { ...request, checkpointId };
    return (await this.#ask(asked, 'checkpointStatistics')).statistics;
  }

  async taskManagers(): Promise<readonly TaskManagerInfo[]> {
    return (await this.#ask({ type: 'listTaskManagers' }, 'taskManagerList')).taskManagers;
  }

  /** Changes what parallelism a job may have; it is rescaled a moment later. */
  async updateResourceRequirements(jobId: JobId, requirements: ResourceRequirements): Promise<void> {
    const request = { type: 'updateResourceRequirements' as const, jobId, requirements: { ...requirements } };
    await this.#ask(request, 'requirementsUpdated');
  }

  /** What parallelism a job may have, and how it changed. */
  async rescaling(jobId: JobId): Promise<Rescaling> {
    return (await this.#ask({ type: 'requestRescaling', jobId }, 'rescaling')).rescaling;
  }

  /** Asks for cancellation; the job ends a little later. */
  async cancel(jobId: JobId): Promise<void> {
    await this.#ask({ type: 'cancelJob', jobId }, 'cancelAccepted');
  }

  /**
   * Takes a checkpoint or savepoint, and returns where it is once it is complete.
   * @throws what kept it from being taken
   */
  async snapshot(
    jobId: JobId,
    kind: 'checkpoint' | 'savepoint',
    more: SnapshotOptions = {},
  ): Promise<string> {
    const requestId = this.#environment.random.hex(16);
    await this.triggerSnapshot(jobId, requestId, kind, more);
    for (;;) {
      const status = await this.snapshotStatus(jobId, requestId);
      if (status.state === 'COMPLETED') return status.location ?? '';
      if (status.state === 'FAILED' && status.error !== undefined) throw deserializeError(status.error);
      await sleep(this.#environment.clock, this.#settings.pollIntervalMs);
    }
  }

  /** Orders a checkpoint or savepoint; repeating the same `requestId` is safe. */
  async triggerSnapshot(
    jobId: JobId,
    requestId: string,
    kind: 'checkpoint' | 'savepoint',
    more: SnapshotOptions = {},
  ): Promise<void> {
    await this.#ask({ type: 'triggerSnapshot', jobId, requestId, kind, ...more }, 'snapshotTriggered');
  }

  /** What has become of an order. */
  snapshotStatus(jobId: JobId, requestId: string): Promise<ReplyOf<'snapshotStatus'>> {
    return this.#ask({ type: 'requestSnapshotStatus', jobId, requestId }, 'snapshotStatus');
  }

  async overview(): Promise<Omit<ReplyOf<'clusterOverview'>, 'type'>> {
    const { type: _type, ...overview } = await this.#ask(
      { type: 'requestClusterOverview' },
      'clusterOverview',
    );
    return overview;
  }

  /**
   * Submits a job and follows it to its end.
   * @param onUpdate called with each new state of the job
   * @throws what the dispatcher refused, or ExternalError when it was silent for `client.timeout`
   */
  execute(submission: Submission, onUpdate?: (job: JobDetails) => void): Promise<JobDetails> {
    return this.#follow(submission.jobId, async () => void (await this.submit(submission)), onUpdate);
  }

  /** Follows a job that runs already. */
  watch(jobId: JobId, onUpdate?: (job: JobDetails) => void): Promise<JobDetails> {
    return this.#follow(jobId, () => Promise.resolve(), onUpdate);
  }

  /**
   * Rows of a `collect()`, from a job that has ended or still runs. When a restart voids rows, `onRestart` is called and
   * all rows come again.
   */
  async *results(
    jobId: JobId,
    collectId: string,
    onRestart?: () => void,
  ): AsyncGenerator<readonly unknown[]> {
    let attempt: number | undefined;
    let from = 0;
    for (;;) {
      const page = await this.#ask(
        { type: 'fetchResults', jobId, collectId, from, max: RESULT_ROWS_PER_MESSAGE },
        'results',
      );
      if (attempt !== undefined && page.attempt !== attempt) {
        onRestart?.();
        attempt = page.attempt;
        from = 0;
        continue;
      }
      attempt = page.attempt;
      from += page.rows.length;
      if (page.rows.length > 0) yield page.rows;
      if (page.complete) return;
      if (page.rows.length === 0) await sleep(this.#environment.clock, this.#settings.pollIntervalMs);
    }
  }

  /** All rows of a `collect()` of a job that ends. */
  async collect(jobId: JobId, collectId: string): Promise<unknown[]> {
    let rows: unknown[] = [];
    const restarted = (): void => {
      rows = [];
    };
    for await (const page of this.results(jobId, collectId, restarted)) rows = rows.concat(page);
    return rows;
  }

  async #ask<T extends DispatcherReply['type']>(request: ClientRequest, expected: T): Promise<ReplyOf<T>> {
    const { subjects, clusterId } = this.#environment;
    const tries = Math.max(1, Math.round(this.#settings.timeoutMs / 5_000));
    const policy: AskPolicy = { timeoutMs: 10_000, attempts: tries, pauseMs: 100, maxPauseMs: 5_000 };
    const answer = await ask(
      this.#environment,
      subjects.dispatcher(),
      request,
      dispatcherReply,
      policy,
    ).catch((error: unknown) => {
      if ((error as { name?: string }).name !== 'NoRespondersError') throw error;
      throw new ExternalError(
        `no dispatcher answers for cluster "${clusterId}": is a JobManager running there?`,
        {
          cause: error,
        },
      );
    });
    if (answer.type === expected) return answer as ReplyOf<T>;
    throw new ExternalError(`the dispatcher answered ${request.type} with ${answer.type}`, {
      retryable: false,
    });
  }

  #follow(
    jobId: JobId,
    submit: () => Promise<void>,
    onUpdate?: (job: JobDetails) => void,
  ): Promise<JobDetails> {
    const { clock } = this.#environment;
    const followed = clientMachine.provide({
      actions: {
        submit: ({ self }) => {
          submit().then(
            () => self.send({ type: 'submitted' }),
            (error: unknown) => self.send({ type: 'refused', error: serializeError(error) }),
          );
        },
        poll: ({ self }) => {
          this.details(jobId).then(
            (job) => {
              onUpdate?.(job);
              self.send({ type: 'polled', job });
            },
            (error: unknown) =>
              self.send({ type: 'pollFailed', error: serializeError(error), at: clock.monotonic() }),
          );
        },
      },
    });
    const { pollIntervalMs, timeoutMs } = this.#settings;
    const input = { pollIntervalMs, timeoutMs, now: clock.monotonic() };
    return new Promise((resolve, reject) => {
      const actor = createActor(followed, { input, clock: xstateClock(clock) });
      actor.subscribe({
        complete: () => {
          const { value, context } = actor.getSnapshot();
          if (value === 'ended' && context.job !== undefined) resolve(context.job);
          else
            reject(
              context.error === undefined
                ? new ExternalError(`job ${jobId} is lost`)
                : deserializeError(context.error),
            );
        },
        error: reject,
      });
      actor.start();
    });
  }
}
