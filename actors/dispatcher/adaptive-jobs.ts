import { deserializeError } from '../../src/base/errors.ts';
import type { JobId } from '../../src/base/ids.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { defaultRequirements } from '../../src/control/rescale.ts';
import type { Parallelisms, ResourceRequirements } from '../../src/control/rescale.ts';
import { awaitsSlots } from '../../src/control/scheduler/decide.ts';
import { countSlots, slotsOf } from '../../src/control/slot-manager.ts';
import type { JobLauncher } from './job-launcher.ts';
import type { JobManagers } from './job-managers.ts';
import type { JobStore } from './job-store.ts';
import type { RescalableJob, RescalerHooks } from './rescaler.ts';
import type { ClusterResources } from './task-manager-infos.ts';

/** Jobs that may have another parallelism: what the rescaler sees of them, and does with them. */
export class AdaptiveJobs implements RescalerHooks {
  readonly #jobManagers: JobManagers;
  readonly #launcher: JobLauncher;
  readonly #store: JobStore;
  readonly #resources: () => ClusterResources;

  constructor(
    jobManagers: JobManagers,
    launcher: JobLauncher,
    store: JobStore,
    resources: () => ClusterResources,
  ) {
    this.#jobManagers = jobManagers;
    this.#launcher = launcher;
    this.#store = store;
    this.#resources = resources;
  }

  jobs(): ReadonlyMap<JobId, RescalableJob> {
    const jobs = new Map<JobId, RescalableJob>();
    for (const [jobId, { prepared, jobManager }] of this.#jobManagers.running) {
      const { settings, generated, job } = prepared;
      if (settings.rescale === undefined || generated.batch === true) continue;
      const { scheduler } = jobManager.actor.getSnapshot().context;
      jobs.set(jobId, { scheduler, settings, requirements: job.requirements });
    }
    return jobs;
  }

  usableSlots(jobId: JobId): number {
    const { slots } = this.#resources();
    const held = this.#jobManagers.get(jobId)?.actor.getSnapshot().context.scheduler.slots.size ?? 0;
    return Math.max(held, slotsOf(slots, jobId)) + countSlots(slots).available;
  }

  async keepRequirements(jobId: JobId, requirements: ResourceRequirements): Promise<void> {
    const { prepared } = this.#jobManagers.runningJob(jobId);
    const job = { ...prepared.job, requirements };
    await this.#store.takeUp(job, false);
    this.#jobManagers.keptAs(job);
  }

  /** Has a job go on under another job-manager: from a checkpoint that is taken now, if it runs. */
  async rescale(jobId: JobId, parallelisms: Parallelisms): Promise<void> {
    const { prepared, logToken, jobManager } = this.#jobManagers.runningJob(jobId);
    const { job, generated } = prepared;
    const overrides = [...parallelisms].map(([id, n]) => `${id}:${n}`).join(',');
    const configuration = { ...job.configuration, [OPTIONS.parallelismOverrides.key]: overrides };
    // What it may have stays what it was built with.
    const requirements = job.requirements ?? defaultRequirements(generated.jobGraph);
    const next = await this.#launcher.prepare({ ...job, configuration, requirements });
    if (!awaitsSlots(jobManager.actor.getSnapshot().context.scheduler)) {
      const failure = await jobManager.checkpoint();
      if (failure !== undefined) throw deserializeError(failure);
    }
    // From here on the next leader, too, would run it so.
    await this.#store.takeUp(next.job, false);
    const suspended = await jobManager.suspend();
    if (suspended === undefined || this.#jobManagers.isStopped) return;
    jobManager.stop();
    this.#jobManagers.start(next, { recovered: true, suspended, logToken, trace: undefined });
  }
}
