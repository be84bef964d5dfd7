import { ConfigurationError, serializeError } from '../../src/base/errors.ts';
import type { JobId } from '../../src/base/ids.ts';
import { RESCALE_TICK_MS } from '../../src/base/limits.ts';
import { OPTIONS } from '../../src/config/options.ts';
import {
  NEVER_RESCALED,
  checkRequirements,
  decideRescale,
  defaultRequirements,
  fittingParallelism,
  parallelismsOf,
} from '../../src/control/rescale.ts';
import type { Parallelisms, RescaleMemory, ResourceRequirements } from '../../src/control/rescale.ts';
import { awaitsSlots } from '../../src/control/scheduler/decide.ts';
import type { SchedulerState } from '../../src/control/scheduler/state.ts';
import type { JobGraph } from '../../src/graph/job-graph.ts';
import type { RescaleInfo, Rescaling } from '../../src/protocol/rescaling.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { every } from '../messaging/every.ts';
import type { JobSettings } from './job-settings.ts';

/** A job as the rescaler sees it. */
export interface RescalableJob {
  readonly scheduler: SchedulerState;
  readonly settings: JobSettings;
  /** Undefined where nobody has said anything. */
  readonly requirements: ResourceRequirements | undefined;
}

export interface RescalerHooks {
  /** Jobs that run with `jobmanager.scheduler: adaptive`. */
  jobs(): ReadonlyMap<JobId, RescalableJob>;
  /** Slots that a job holds, is being granted, or could have. */
  usableSlots(jobId: JobId): number;
  /** Keeps what a job may have, for this leader and the next. */
  keepRequirements(jobId: JobId, requirements: ResourceRequirements): Promise<void>;
  /** @throws what kept the job from being rescaled: then it runs as before */
  rescale(jobId: JobId, parallelisms: Parallelisms): Promise<void>;
}

type Cause = RescaleInfo['cause'];

interface Followed {
  memory: RescaleMemory;
  /** Somebody has changed the requirements since it was looked at last. */
  ordered: boolean;
  /** Monotonic ms; when an order that failed is tried again. */
  retryAt: number;
  /** One rescaling, or change of what it may have, at a time. */
  busy: Promise<void> | undefined;
  isRescaling: boolean;
  readonly counts: { completed: number; failed: number };
  /** Oldest first. */
  readonly history: RescaleInfo[];
}

/** Looks whether jobs could have another parallelism, has them rescaled, and remembers it. */
export class Rescaler {
  readonly #environment: ActorEnvironment;
  readonly #hooks: RescalerHooks;
  readonly #followed = new Map<JobId, Followed>();
  readonly #stopTicking: () => void;

  constructor(environment: ActorEnvironment, hooks: RescalerHooks) {
    this.#environment = environment;
    this.#hooks = hooks;
    this.#stopTicking = every(environment.clock, RESCALE_TICK_MS, () => this.#tick());
  }

  /** @throws ConfigurationError where the job keeps its parallelism, UserError for what it can never have */
  async require(jobId: JobId, requirements: ResourceRequirements): Promise<void> {
    const job = this.#hooks.jobs().get(jobId);
    if (job === undefined)
      throw new ConfigurationError(
        `job ${jobId} keeps its parallelism: run it in execution mode STREAMING with ${OPTIONS.scheduler.key}: adaptive, or stop it ` +
          'with a savepoint and run it from there with another parallelism',
      );
    checkRequirements(job.scheduler.graph.jobGraph, requirements);
    const followed = this.#of(jobId);
    while (followed.busy !== undefined) await followed.busy;
    await this.#exclusively(followed, () => this.#hooks.keepRequirements(jobId, requirements));
    followed.ordered = true;
    followed.retryAt = 0;
    this.#look(jobId);
  }

  /** What there is to tell of a job. */
  rescaling(jobId: JobId, graph: JobGraph): Rescaling {
    const job = this.#hooks.jobs().get(jobId);
    const { counts, history, isRescaling } = this.#of(jobId);
    return {
      adaptive: job !== undefined,
      requirements: { ...(job === undefined ? fixedRequirements(graph) : requirementsOf(job)) },
      counts: { ...counts, inProgress: Number(isRescaling) },
      historyKept: job?.settings.rescale?.historyKept ?? 0,
      cooldownMs: job?.settings.rescale?.cooldownMs ?? 0,
      stabilizationMs: job?.settings.rescale?.stabilizationMs ?? 0,
      history: history.toReversed(),
    };
  }

  forget(jobId: JobId): void {
    this.#followed.delete(jobId);
  }

  stop(): void {
    this.#stopTicking();
  }

  #of(jobId: JobId): Followed {
    const present = this.#followed.get(jobId);
    if (present !== undefined) return present;
    const followed: Followed = {
      memory: NEVER_RESCALED,
      ordered: false,
      retryAt: 0,
      busy: undefined,
      isRescaling: false,
      counts: { completed: 0, failed: 0 },
      history: [],
    };
    this.#followed.set(jobId, followed);
    return followed;
  }

  #tick(): void {
    for (const jobId of this.#hooks.jobs().keys()) this.#look(jobId);
  }

  #look(jobId: JobId): void {
    const job = this.#hooks.jobs().get(jobId);
    const followed = this.#of(jobId);
    if (job?.settings.rescale === undefined || followed.busy !== undefined || !isSteady(job.scheduler))
      return;
    const now = this.#environment.clock.monotonic();
    if (followed.ordered && now < followed.retryAt) return;
    const { scheduler } = job;
    const { jobGraph } = scheduler.graph;
    const waits = awaitsSlots(scheduler);
    const slots = this.#hooks.usableSlots(jobId);
    const view = {
      current: parallelismsOf(jobGraph),
      fitting: fittingParallelism(jobGraph, requirementsOf(job), slots),
      ordered: followed.ordered,
      waits,
    };
    const { memory, rescaleTo } = decideRescale(followed.memory, view, now, settingsOf(job));
    const cause = followed.ordered
      ? 'UPDATE_REQUIREMENT'
      : waits
        ? 'MISSING_RESOURCE'
        : 'NEW_RESOURCE_AVAILABLE';
    followed.memory = memory;
    followed.ordered = false;
    if (rescaleTo === undefined) return;
    void this.#exclusively(followed, () => this.#rescale(jobId, job, rescaleTo, cause));
  }

  async #rescale(jobId: JobId, job: RescalableJob, parallelisms: Parallelisms, cause: Cause): Promise<void> {
    const { clock, logger } = this.#environment;
    const followed = this.#of(jobId);
    const begun = this.#begun(followed, job, parallelisms, cause);
    const update = (more: Partial<RescaleInfo>): void => {
      const index = followed.history.findIndex(({ id }) => id === begun.id);
      if (index >= 0) followed.history[index] = { ...begun, ...more, endedAt: clock.now() };
    };
    followed.isRescaling = true;
    this.#remember(followed, begun, settingsOf(job).historyKept);
    logger.info('job is rescaled', { jobId, cause, parallelism: Object.fromEntries(parallelisms) });
    try {
      await this.#hooks.rescale(jobId, parallelisms);
      followed.counts.completed++;
      update({ state: 'COMPLETED' });
    } catch (error) {
      followed.counts.failed++;
      update({ state: 'FAILED', error: serializeError(error) });
      // What somebody ordered is tried again, but not at once: it may fail each time.
      followed.ordered = cause === 'UPDATE_REQUIREMENT';
      followed.retryAt = clock.monotonic() + settingsOf(job).cooldownMs;
      logger.warn('job is not rescaled, it runs as before', { jobId, error });
    } finally {
      followed.isRescaling = false;
    }
  }

  async #exclusively(followed: Followed, act: () => Promise<void>): Promise<void> {
    const acting = act();
    followed.busy = acting.then(
      () => {},
      () => {},
    );
    try {
      await acting;
    } finally {
      followed.busy = undefined;
    }
  }

  #begun(followed: Followed, job: RescalableJob, parallelisms: Parallelisms, cause: Cause): RescaleInfo {
    const { clock, random } = this.#environment;
    const requirements = requirementsOf(job);
    const { vertices } = job.scheduler.graph.jobGraph;
    const { completed, failed } = followed.counts;
    return {
      id: random.hex(16),
      number: completed + failed + 1,
      cause,
      state: 'IN_PROGRESS',
      startedAt: clock.now(),
      vertices: vertices.map(({ id, name, slotSharingGroup, parallelism }) => ({
        vertexId: id,
        name,
        slotSharingGroup,
        before: parallelism,
        desired: requirements[id]?.upperBound ?? parallelism,
        sufficient: requirements[id]?.lowerBound ?? parallelism,
        after: parallelisms.get(id) ?? parallelism,
      })),
    };
  }

  #remember({ history }: Followed, info: RescaleInfo, kept: number): void {
    history.push(info);
    history.splice(0, Math.max(0, history.length - kept));
  }
}

function settingsOf({ settings }: RescalableJob): NonNullable<JobSettings['rescale']> {
  if (settings.rescale === undefined) throw new ConfigurationError('the job keeps its parallelism');
  return settings.rescale;
}

function requirementsOf({ requirements, scheduler }: RescalableJob): ResourceRequirements {
  return requirements ?? defaultRequirements(scheduler.graph.jobGraph);
}

function fixedRequirements({ vertices }: JobGraph): ResourceRequirements {
  return Object.fromEntries(
    vertices.map(({ id, parallelism }) => [id, { lowerBound: parallelism, upperBound: parallelism }]),
  );
}

/** It runs, or waits for slots; it is not failing, ending or already being stopped. */
function isSteady({ status, purpose, regions }: SchedulerState): boolean {
  const isRestarting = status === 'RESTARTING' && regions.some(({ phase }) => phase === 'waiting');
  if (purpose !== 'run' || (status !== 'RUNNING' && !isRestarting)) return false;
  return regions.every(({ phase }) => phase !== 'canceling' && phase !== 'backoff');
}
