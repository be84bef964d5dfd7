import type { Actor } from 'xstate';
import type { VertexId } from '../../src/base/ids.ts';
import type { Moment } from '../../src/control/scheduler/state.ts';
import type { RestoreLocation } from '../../src/protocol/slot.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { sendIfActive } from '../messaging/send-if-active.ts';
import type { CheckpointCoordinator } from './checkpoint-coordinator/checkpoint-coordinator.effects.ts';
import { checkpointsUri } from './checkpoint-coordinator/checkpoint-places.ts';
import type { Children } from './children.ts';
import type { JobManagerOptions } from './job-manager-options.ts';
import type { JobManagerContext, JobManagerEvent, jobManagerMachine } from './job-manager.machine.ts';
import type { JobTimers } from './job-timers.ts';
import type { Performer } from './performer.ts';
import type { ResultBuffer } from './result-buffer.ts';

/** Parts of a job-manager; those behind functions are made later. */
export interface JobManagerParts {
  readonly results: ResultBuffer;
  readonly timers: JobTimers;
  readonly children: Children;
  actor(): Actor<typeof jobManagerMachine>;
  coordinator(): CheckpointCoordinator;
  /** All tasks have stopped, so that the job can go on with another parallelism. */
  suspended(): void;
}

/** Performing effects reaches the parts of a job-manager by this. */
export class JobPerformer implements Performer {
  readonly environment: ActorEnvironment;
  readonly results: ResultBuffer;
  readonly cancellationTimeoutMs: number;
  readonly checkpointsUri: string;
  readonly #parts: JobManagerParts;

  constructor(
    environment: ActorEnvironment,
    { jobId, cancellationTimeoutMs, checkpointPlaces }: JobManagerOptions,
    parts: JobManagerParts,
  ) {
    this.environment = environment;
    this.results = parts.results;
    this.cancellationTimeoutMs = cancellationTimeoutMs;
    this.checkpointsUri =
      checkpointPlaces.directory === undefined ? '' : checkpointsUri(checkpointPlaces, jobId);
    this.#parts = parts;
  }

  context(): JobManagerContext {
    return this.#parts.actor().getSnapshot().context;
  }

  send(event: JobManagerEvent): void {
    sendIfActive(this.#parts.actor(), event);
  }

  moment(): Moment {
    const { clock, random } = this.environment;
    return { now: clock.monotonic(), random: random.next() };
  }

  later(delayMs: number, act: () => void): void {
    this.#parts.timers.later(delayMs, act);
  }

  restoreLocation(): Promise<RestoreLocation | undefined> {
    return this.#parts.coordinator().restoreLocation();
  }

  hasRestorePoint(): boolean {
    return this.#parts.coordinator().hasRestorePoint;
  }

  discardSplits(vertexId: VertexId, subtasks: readonly number[], attempt: number): void {
    this.#parts.children.source(vertexId)?.send({ type: 'attemptDiscarded', subtasks, attempt });
  }

  onceDecided(act: () => void): void {
    this.#parts.coordinator().onceDecided(act);
  }

  suspended(): void {
    this.#parts.suspended();
  }
}
