import type { Epoch, JobId } from '../../../src/base/ids.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import type { CheckpointPlaces } from './checkpoint-places.ts';
import { DecidedCheckpoints, openClaim } from './decided-checkpoints.ts';
import type { JobRestorePoint } from './job-restore-point.ts';

/** Takes the job's log of decisions over for its leader, once, and finds out what the job goes on from. */
export class LogTakeover {
  readonly #environment: ActorEnvironment;
  readonly #places: CheckpointPlaces;
  readonly #token: string;
  readonly #restorePoint: JobRestorePoint;
  #checkpoints: DecidedCheckpoints | undefined;
  #takingOver: Promise<DecidedCheckpoints> | undefined;

  /** @param token names this leader in the log */
  constructor(
    environment: ActorEnvironment,
    places: CheckpointPlaces,
    token: string,
    restorePoint: JobRestorePoint,
  ) {
    this.#environment = environment;
    this.#places = places;
    this.#token = token;
    this.#restorePoint = restorePoint;
  }

  /** What exists of the job; undefined where it has no log, or that was not taken over yet. */
  get checkpoints(): DecidedCheckpoints | undefined {
    return this.#checkpoints;
  }

  /** Once, whoever comes first; again where it failed. @throws UserError, StoreError, LeadershipLostError */
  begin(jobId: JobId, epoch: Epoch): Promise<DecidedCheckpoints> {
    this.#takingOver ??= this.#takeOver(jobId, epoch).catch((error: unknown) => {
      this.#takingOver = undefined;
      throw error;
    });
    return this.#takingOver;
  }

  async #takeOver(jobId: JobId, epoch: Epoch): Promise<DecidedCheckpoints> {
    const environment = this.#environment;
    const places = this.#places;
    const { checkpoints, newest } = await DecidedCheckpoints.takeOver(
      environment,
      places,
      jobId,
      epoch,
      this.#token,
    );
    this.#checkpoints = checkpoints;
    const { ignoreUnclaimedState, claimMode } = places;
    if (newest !== undefined) this.#restorePoint.begin(newest, true, ignoreUnclaimedState);
    const other = await openClaim(environment, places, newest === undefined);
    if (other === undefined) return checkpoints;
    if (newest === undefined) this.#restorePoint.begin(other, false, ignoreUnclaimedState);
    // A checkpoint of this job is in its own log, by whatever path it was named.
    const isOwn = other.manifest.kind === 'checkpoint' && other.manifest.jobId === jobId;
    if (claimMode === 'CLAIM' && !isOwn) checkpoints.claim(other);
    return checkpoints;
  }
}
