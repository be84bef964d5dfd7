import { MillraceError, UserError, serializeError } from '../../src/base/errors.ts';
import type { JobId } from '../../src/base/ids.ts';
import { RECOVERY_PAUSE_MAX_MS, RECOVERY_PAUSE_MIN_MS } from '../../src/base/limits.ts';
import type { ArtifactStore } from '../../src/ports/stores.ts';
import type { ClientRequest, JobModule } from '../../src/protocol/client-dispatcher.ts';
import { DirectoryTakenError } from '../../src/state/snapshot/directory-owner.ts';
import { sleep } from '../messaging/ask.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { sendIfActive } from '../messaging/send-if-active.ts';
import type { Receiver } from '../messaging/send-if-active.ts';
import type { DispatcherEvent, PersistedJob } from './dispatcher.machine.ts';
import type { JobLauncher } from './job-launcher.ts';
import type { JobManagers } from './job-managers.ts';
import type { JobStore } from './job-store.ts';

export interface JobStarterOptions {
  readonly artifacts: ArtifactStore;
  readonly store: JobStore;
  readonly launcher: JobLauncher;
  readonly jobManagers: JobManagers;
  /** Hears what becomes of each job. */
  readonly dispatcher: Receiver<DispatcherEvent>;
}

/** Starts jobs that were submitted, and those of leaders before. */
export class JobStarter {
  readonly #environment: ActorEnvironment;
  readonly #options: JobStarterOptions;
  /** Recovered jobs that did not start, until they are tried again; and whether somebody has canceled them. */
  readonly #waiting = new Map<JobId, 'waiting' | 'canceled'>();

  constructor(environment: ActorEnvironment, options: JobStarterOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  /** Starts a job that was submitted; whatever fails on the way refuses it. */
  async start(jobId: JobId, request: Extract<ClientRequest, { type: 'submitJob' }>): Promise<void> {
    try {
      await this.#launch(jobId, () => this.#persisted(jobId, request), true);
    } catch (error) {
      await this.#refuse(jobId, error);
    }
  }

  /** Starts a job of a leader before: it was accepted, so only what can never work ends it. */
  async restart(job: PersistedJob): Promise<void> {
    const { clock, logger } = this.#environment;
    for (let pauseMs = RECOVERY_PAUSE_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, RECOVERY_PAUSE_MAX_MS)) {
      try {
        return await this.#launch(job.jobId, () => Promise.resolve(job), false);
      } catch (error) {
        const hopeful =
          error instanceof DirectoryTakenError || (error instanceof MillraceError && error.retryable);
        if (!hopeful) return this.#refuse(job.jobId, error);
        logger.warn('a recovered job does not start yet', { jobId: job.jobId, pauseMs, error });
      }
      this.#waiting.set(job.jobId, 'waiting');
      await sleep(clock, pauseMs);
      const canceled = this.#waiting.get(job.jobId) === 'canceled';
      this.#waiting.delete(job.jobId);
      if (this.#options.jobManagers.isStopped) return;
      if (canceled)
        return this.#refuse(job.jobId, new UserError('it was canceled before it could start again'));
    }
  }

  /** @returns whether the job waited for another try; then there is none */
  cancel(jobId: JobId): boolean {
    if (!this.#waiting.has(jobId)) return false;
    this.#waiting.set(jobId, 'canceled');
    return true;
  }

  /**
   * @param isNew submitted now, not recovered
   * @throws what keeps the job from being loaded and started
   */
  async #launch(jobId: JobId, obtain: () => Promise<PersistedJob>, isNew: boolean): Promise<void> {
    const { random, tracing, scope } = this.#environment;
    const { store, launcher, jobManagers, dispatcher } = this.#options;
    const attributes = { 'millrace.job.id': jobId };
    const span = tracing.start('dispatcher start job', { parent: scope.current, attributes });
    try {
      const prepared = await launcher.prepare(await obtain());
      await store.takeUp(prepared.job, isNew);
      // Deposed meanwhile: the next leader has found it.
      if (jobManagers.isStopped) return span.end();
      const origin = { recovered: !isNew, suspended: undefined, trace: span.context };
      scope.within(span.context, () => {
        jobManagers.start(prepared, { ...origin, logToken: random.hex(16) });
        dispatcher.send({ type: 'jobStarted', jobId, name: prepared.generated.jobGraph.name });
      });
      span.end();
    } catch (error) {
      span.end({ error: error as Error });
      throw error;
    }
  }

  async #refuse(jobId: JobId, error: unknown): Promise<void> {
    const { logger } = this.#environment;
    const { store, dispatcher } = this.#options;
    logger.warn('job refused', { jobId, error });
    await store
      .forget(jobId)
      .catch((failure: unknown) =>
        logger.error('refused job could not be removed from the metadata store', { jobId, error: failure }),
      );
    sendIfActive(dispatcher, { type: 'jobRefused', jobId, error: serializeError(error) });
  }

  async #persisted(
    jobId: JobId,
    { module, configuration = {} }: Extract<ClientRequest, { type: 'submitJob' }>,
  ): Promise<PersistedJob> {
    const moduleSha256 = await this.#stored(module);
    return { jobId, moduleSha256, configuration, submittedAt: this.#environment.clock.now() };
  }

  async #stored(module: JobModule): Promise<string> {
    const { artifacts } = this.#options;
    if ('source' in module) return artifacts.put(new TextEncoder().encode(module.source));
    if (await artifacts.has(module.sha256)) return module.sha256;
    throw new UserError(
      `the artifact store has no module ${module.sha256}: upload it before submitting the job`,
    );
  }
}
