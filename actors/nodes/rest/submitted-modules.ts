import { serializeError } from '../../../src/base/errors.ts';
import type { JobId } from '../../../src/base/ids.ts';
import {
  REST_SHARED_LOOK_MS,
  SUBMISSIONS_REFUSED_KEPT,
  SUBMISSIONS_UNDER_WAY_MAX,
} from '../../../src/base/limits.ts';
import { RestError, jarNotFound } from '../../../src/rest/errors.ts';
import type { JarOptions, JarStore, Submission, Submissions } from '../../../src/rest/gateway.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';

/** Uploaded modules that are being submitted, and what was wrong with those that never became jobs. */
export class SubmittedModules implements Submissions {
  readonly #environment: Pick<ActorEnvironment, 'clock' | 'random' | 'logger'>;
  readonly #jars: Pick<JarStore, 'list' | 'run'>;
  /** By id, oldest first. */
  readonly #known = new Map<JobId, Submission>();

  constructor(
    environment: Pick<ActorEnvironment, 'clock' | 'random' | 'logger'>,
    jars: Pick<JarStore, 'list' | 'run'>,
  ) {
    this.#environment = environment;
    this.#jars = jars;
  }

  async begin(jarId: string, options: JarOptions): Promise<JobId> {
    const jar = (await this.#jars.list()).find(({ id }) => id === jarId);
    if (jar === undefined) throw jarNotFound(jarId);
    const { clock, random } = this.#environment;
    const jobId = (options.jobId ?? random.hex(16)) as JobId;
    const present = this.#known.get(jobId);
    // Who asks twice means one job.
    if (present !== undefined && present.refused === undefined) return jobId;
    if (this.#underWay >= SUBMISSIONS_UNDER_WAY_MAX)
      throw new RestError(
        503,
        `${SUBMISSIONS_UNDER_WAY_MAX} modules are being submitted already: try again when one of them runs.`,
      );
    this.#known.delete(jobId);
    this.#known.set(jobId, { jobId, name: jar.name, at: clock.now() });
    void this.#submit(jarId, { ...options, jobId }, jobId);
    return jobId;
  }

  list(): readonly Submission[] {
    return [...this.#known.values()].toReversed();
  }

  get #underWay(): number {
    return this.list().filter(({ refused }) => refused === undefined).length;
  }

  async #submit(jarId: string, options: JarOptions, jobId: JobId): Promise<void> {
    try {
      await this.#jars.run(jarId, options);
      // Looks at the cluster may be a moment old: until then it is known here.
      this.#environment.clock.setTimeout(() => this.#known.delete(jobId), 2 * REST_SHARED_LOOK_MS);
    } catch (error) {
      this.#refuse(jobId, error);
    }
  }

  #refuse(jobId: JobId, error: unknown): void {
    const { clock, logger } = this.#environment;
    const submission = this.#known.get(jobId);
    if (submission === undefined) return;
    logger.warn('an uploaded module could not be submitted', { jobId, module: submission.name, error });
    const refused = { at: clock.now(), error: serializeError(error) };
    this.#known.set(jobId, { ...submission, refused });
    const all = this.list().filter((one) => one.refused !== undefined);
    for (const { jobId: old } of all.slice(SUBMISSIONS_REFUSED_KEPT)) this.#known.delete(old);
  }
}
