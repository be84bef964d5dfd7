import type { SerializedError } from '../../src/base/errors.ts';
import { CheckpointHistory } from '../../src/control/checkpoints/history.ts';
import { isActive } from '../../src/control/scheduler/decide.ts';
import type { JobManagerRequest } from '../../src/protocol/job-manager.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';
import { CheckpointCoordinator } from './checkpoint-coordinator/checkpoint-coordinator.effects.ts';
import type { CheckpointCoordinatorEvent } from './checkpoint-coordinator/checkpoint-coordinator.machine.ts';
import type { Children } from './children.ts';
import { hasEnded } from './job-details.ts';
import { keepsCheckpoints } from './job-manager-options.ts';
import type { JobManagerOptions } from './job-manager-options.ts';
import type { JobManagerContext } from './job-manager.machine.ts';
import type { CheckpointFigures } from './job-metrics.ts';
import { jobView } from './job-view.ts';
import { NOT_RUNNING, OwnCheckpoints } from './own-checkpoints.ts';
import type { Performer } from './performer.ts';
import { SnapshotOrders } from './snapshot-orders.ts';
import type { SourceCoordinators } from './source-coordinator/source-coordinator.effects.ts';

/** A job-manager's side of its checkpoint-coordinator: what goes there, and what those hear who asked for a snapshot. */
export class CheckpointLink {
  readonly coordinator: CheckpointCoordinator;
  /** Of users. */
  readonly orders: SnapshotOrders;
  readonly #environment: ActorEnvironment;
  readonly #options: JobManagerOptions;
  readonly #performer: Performer;
  readonly #children: Children;
  /** Of the dispatcher, before it rescales the job. */
  readonly #own = new OwnCheckpoints((request) => this.send({ type: 'snapshotRequested', request }));

  constructor(
    options: JobManagerOptions,
    performer: Performer,
    children: Children,
    sources: SourceCoordinators,
  ) {
    const { environment } = performer;
    this.#environment = environment;
    this.#options = options;
    this.#performer = performer;
    this.#children = children;
    this.orders = new SnapshotOrders({
      jobId: options.jobId,
      savepointDirectory: options.checkpointPlaces.savepointDirectory,
      random: environment.random,
      results: options.suspended?.orders ?? new Map(),
      begin: (request) => this.send({ type: 'snapshotRequested', request }),
    });
    this.coordinator = this.#newCoordinator(sources);
  }

  /** @returns what kept the job's checkpoint from being taken, if anything did */
  async take(): Promise<SerializedError | undefined> {
    if (this.#performer.context().scheduler.status !== 'RUNNING') return NOT_RUNNING;
    return this.#own.take(`own-${this.#environment.random.hex(8)}`);
  }

  /** The job's status has changed: a checkpoint asked for under the old one need not be waited for. */
  giveUpOwn(): void {
    this.#own.giveUp();
  }

  /** What metrics tell. */
  figures(): CheckpointFigures {
    const { lastCompleted, restoredAt } = this.coordinator.reports;
    const state = this.#children.checkpoints?.getSnapshot().context.coordinator;
    return { state, last: lastCompleted?.completed, lastPath: lastCompleted?.path ?? '', restoredAt };
  }

  tick(): void {
    const { clock } = this.#environment;
    const job = jobView(this.#performer.context().scheduler);
    this.send({ type: 'ticked', job, now: clock.monotonic(), wall: clock.now() });
  }

  send(event: CheckpointCoordinatorEvent): void {
    // Not from within a transition: children are there once it is over.
    queueMicrotask(() => {
      const child = this.#children.checkpoints;
      // A job that ends closes it, and then stops the subtasks that it still told of.
      if (child?.getSnapshot().status === 'active') child.send(event);
    });
  }

  /** The job has ended for good. @param settled no leader takes it up again */
  async end({ status }: JobDetails, settled: Promise<void>): Promise<void> {
    const { retention, onCheckpointsRemoved } = this.#options;
    if (await this.coordinator.end(keepsCheckpoints(retention, status), settled)) onCheckpointsRemoved();
  }

  /** What a subtask says of a checkpoint. */
  forward({ scheduler }: JobManagerContext, request: JobManagerRequest): void {
    if (
      (request.type !== 'acknowledgeCheckpoint' &&
        request.type !== 'declineCheckpoint' &&
        request.type !== 'endOfData') ||
      !isActive(scheduler, request)
    )
      return;
    const { vertexId, subtaskIndex, attempt } = request;
    const ref = { vertexId, subtaskIndex, attempt };
    const now = this.#environment.clock.monotonic();
    switch (request.type) {
      case 'acknowledgeCheckpoint': {
        const { checkpointId, state, assignmentsTaken, metrics, channels } = request;
        const acknowledgement = { state, assignmentsTaken, metrics, channels };
        this.coordinator.reports.history.acknowledged(
          checkpointId,
          ref,
          metrics,
          this.#environment.clock.now(),
        );
        return this.send({ type: 'acknowledged', ref, checkpointId, acknowledgement, now });
      }
      case 'declineCheckpoint': {
        const { checkpointId, error } = request;
        return this.send({ type: 'declined', ref, checkpointId, error, now });
      }
      case 'endOfData':
        return this.send({ type: 'drained', ref });
    }
  }

  #newCoordinator(sources: SourceCoordinators): CheckpointCoordinator {
    const { jobId, graph, suspended, recovered, checkpointPlaces, checkpointsShown, logToken } =
      this.#options;
    const performer = this.#performer;
    const { jobGraph } = graph;
    const sourceVertices = jobGraph.vertices.filter(({ isSource }) => isSource).map(({ id }) => id);
    return new CheckpointCoordinator(this.#environment, checkpointPlaces, {
      jobId,
      graph: jobGraph,
      history: suspended?.checkpointHistory ?? new CheckpointHistory(checkpointsShown),
      logToken,
      // A leader before may have taken some on demand.
      opensLog: suspended !== undefined || (recovered && checkpointPlaces.directory !== undefined),
      isActive: (ref) => {
        const context = performer.context();
        return !hasEnded(context) && isActive(context.scheduler, ref);
      },
      snapshotEnumerators: (taken) =>
        new Map(sourceVertices.map((id) => [id, sources.snapshot(id, taken.get(id) ?? new Map())])),
      assignmentsDurable: (taken) => {
        for (const id of sourceVertices) sources.durable(id, taken.get(id) ?? new Map());
      },
      onFailed: (error) => performer.send({ type: 'checkpointsFailed', error, moment: performer.moment() }),
      onRestoreFailed: (error) => performer.send({ type: 'restoreFailed', error }),
      answer: (requestId, result) => {
        if (!this.#own.answer(requestId, result)) this.orders.answer(requestId, result);
      },
    });
  }
}
