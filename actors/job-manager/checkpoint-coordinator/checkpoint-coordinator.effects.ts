import { serializeError } from '../../../src/base/errors.ts';
import type { VertexId } from '../../../src/base/ids.ts';
import type { CheckpointEffect, PendingCheckpoint } from '../../../src/control/checkpoints/state.ts';
import type { SourceSplit } from '../../../src/functions/source.ts';
import type { RestoreLocation } from '../../../src/protocol/slot.ts';
import { LeadershipLostError } from '../../../src/state/snapshot/errors.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import { sendIfActive } from '../../messaging/send-if-active.ts';
import type { Receiver } from '../../messaging/send-if-active.ts';
import { checkpointCoordinatorMachine } from './checkpoint-coordinator.machine.ts';
import type {
  CheckpointCoordinatorContext,
  CheckpointCoordinatorEvent,
} from './checkpoint-coordinator.machine.ts';
import type { CheckpointHooks } from './checkpoint-hooks.ts';
import { checkpointsUri, shownPath } from './checkpoint-places.ts';
import type { CheckpointPlaces } from './checkpoint-places.ts';
import { CheckpointReports } from './checkpoint-reports.ts';
import { DecisionWriter } from './decision-writer.ts';
import { JobRestorePoint } from './job-restore-point.ts';
import { LogTakeover } from './log-takeover.ts';
import { SubtaskMessages } from './subtask-messages.ts';
import type { Notice, Trigger } from './subtask-messages.ts';

type Actor = Receiver<CheckpointCoordinatorEvent>;

/** The effects of one job's checkpoint-coordinator. */
export class CheckpointCoordinator {
  readonly machine: typeof checkpointCoordinatorMachine;
  readonly reports: CheckpointReports;
  readonly #environment: ActorEnvironment;
  readonly #places: CheckpointPlaces;
  readonly #hooks: CheckpointHooks;
  readonly #opened = Promise.withResolvers<void>();
  readonly #restorePoint: JobRestorePoint;
  readonly #log: LogTakeover;
  readonly #decisions: DecisionWriter;
  #closed = false;
  readonly #messages: SubtaskMessages;

  constructor(environment: ActorEnvironment, places: CheckpointPlaces, hooks: CheckpointHooks) {
    this.#environment = environment;
    this.#places = places;
    this.#hooks = hooks;
    this.reports = new CheckpointReports(environment, places, hooks.jobId, hooks.history);
    const restorePoint = new JobRestorePoint(hooks.graph);
    const log = new LogTakeover(environment, places, hooks.logToken, restorePoint);
    const isClosed = (): boolean => this.#closed;
    this.#decisions = new DecisionWriter(environment, { places, hooks, log, restorePoint, isClosed });
    this.#restorePoint = restorePoint;
    this.#log = log;
    this.#messages = new SubtaskMessages(environment, (ref) => hooks.isActive(ref));
    this.machine = checkpointCoordinatorMachine.provide({
      actions: {
        open: ({ context, self }) => void this.#open(context, self),
        perform: ({ context, self }, { effect }) => this.#perform(context, self, effect),
        reportFailure: ({ event }) => {
          // Not from within this transition: the job-manager's decision may reach back here.
          if (event.type === 'openFailed') queueMicrotask(() => this.#hooks.onRestoreFailed(event.error));
        },
      },
    });
    this.#opened.promise.catch(() => {});
  }

  /** What subtasks that are deployed now go on from. @throws what kept the log from being opened */
  async restoreLocation(): Promise<RestoreLocation | undefined> {
    await this.#opened.promise;
    // Nobody restarts while a decision is being written.
    await this.#decisions.idle;
    const { current } = this.#restorePoint;
    if (current === undefined) return undefined;
    this.reports.restored(current);
    return { ...current.location, own: current.own };
  }

  /** Acts once no decision is being written. */
  onceDecided(act: () => void): void {
    void this.#decisions.idle.then(act);
  }

  /** Whether the job goes on from a checkpoint when its subtasks restart. */
  get hasRestorePoint(): boolean {
    return this.#restorePoint.current !== undefined;
  }

  /** Splits of a source that nobody held; undefined when the job begins anew. */
  async restoredSplits(vertexId: VertexId): Promise<readonly SourceSplit[] | undefined> {
    await this.#opened.promise;
    return this.#restorePoint.splitsOf(vertexId);
  }

  /**
   * The job has ended for good: removes its checkpoints, or keeps the completed ones.
   * @param settled no leader takes the job up again. Before that its checkpoints stay: a leader that took it up without them would
   * run it from its start, and all its results would come twice.
   * @returns whether nothing of them is left to be removed
   */
  async end(keep: boolean, settled: Promise<void>): Promise<boolean> {
    this.#closed = true;
    const isOpen = await this.#opened.promise.then(
      () => true,
      () => false,
    );
    await this.#decisions.idle;
    this.reports.jobEnded();
    try {
      await settled;
    } catch {
      return false;
    }
    const { checkpoints } = this.#log;
    if (checkpoints !== undefined) return checkpoints.end(keep);
    if (isOpen || this.#places.directory === undefined) return true;
    // Behind a log that could not be opened may be checkpoints.
    const { jobId } = this.#hooks;
    const location = checkpointsUri(this.#places, jobId);
    this.#environment.logger.warn('checkpoints of an ended job are left to the next leader', {
      jobId,
      location,
    });
    return false;
  }

  /**
   * The job goes on under another leader, or with another parallelism: nothing more is decided here.
   * @returns once a decision that is under way is taken
   */
  async abandon(): Promise<void> {
    this.#closed = true;
    await this.#opened.promise.catch(() => {});
    await this.#decisions.idle;
  }

  #sendIfActive(self: Actor, event: CheckpointCoordinatorEvent): void {
    if (!this.#closed) sendIfActive(self, event);
  }

  async #open({ jobId, epoch, settings }: CheckpointCoordinatorContext, self: Actor): Promise<void> {
    const { clock } = this.#environment;
    try {
      // A job without checkpoints needs no log, unless it is asked for a snapshot later.
      if (this.#hooks.opensLog || settings.intervalMs !== undefined || this.#places.restorePath !== undefined)
        await this.#log.begin(jobId, epoch);
      const { checkpoints } = this.#log;
      this.#opened.resolve();
      const [nextId, completed] = [checkpoints?.nextId ?? 1, checkpoints?.standing ?? []];
      this.#sendIfActive(self, { type: 'opened', nextId, completed, now: clock.monotonic() });
      await checkpoints?.sweep(undefined);
    } catch (error) {
      this.#opened.reject(error);
      this.#sendIfActive(self, { type: 'openFailed', error: serializeError(error, 'external') });
    }
  }

  #perform(context: CheckpointCoordinatorContext, self: Actor, effect: CheckpointEffect): void {
    switch (effect.type) {
      case 'trigger':
        this.reports.triggered(effect, context.coordinator.pending.get(effect.checkpointId));
        return void this.#triggerAll(context, self, effect);
      case 'triggerLate':
        return void this.#triggerAll(context, self, effect);
      case 'decide':
        this.reports.deciding(effect.checkpoint);
        return this.#decide(context, self, effect.checkpoint);
      case 'takeUnaligned':
        this.reports.unaligned(effect.checkpointId);
        return void this.#notifyAll(context, effect);
      case 'notifyAborted':
        this.reports.aborted(effect);
        return void this.#notifyAll(context, effect);
      case 'notifyComplete':
        return void this.#notifyAll(context, effect);
      case 'discard':
        return void this.#log.checkpoints?.discard(effect.checkpoints, effect.kept);
      case 'sweep':
        return void this.#log.checkpoints?.sweep(effect.checkpointId);
      case 'failJob':
        queueMicrotask(() => this.#hooks.onFailed(effect.error));
        return;
      case 'answer':
        return this.#answer(effect);
    }
  }

  #answer({ requestId, result }: Extract<CheckpointEffect, { type: 'answer' }>): void {
    const shown =
      'path' in result ? { path: shownPath(this.#places, this.#hooks.jobId, result.path) } : result;
    this.#hooks.answer(requestId, shown);
  }

  async #triggerAll(context: CheckpointCoordinatorContext, self: Actor, effect: Trigger): Promise<void> {
    const { checkpointId, refs } = effect;
    try {
      const checkpoints = await this.#log.begin(context.jobId, context.epoch);
      await checkpoints.use(checkpointId);
      this.reports.inTrace(checkpointId, () => {
        for (const ref of refs) {
          this.#messages.trigger(context, ref, effect).catch((error: unknown) => {
            const now = this.#environment.clock.monotonic();
            const reason = serializeError(error, 'external');
            this.#sendIfActive(self, { type: 'declined', ref, checkpointId, error: reason, now });
          });
        }
      });
    } catch (error) {
      this.#failed(self, checkpointId, error);
    }
  }

  /** The checkpoint cannot be. A leader that was superseded stops altogether. */
  #failed(self: Actor, checkpointId: number, error: unknown): void {
    if (error instanceof LeadershipLostError) this.#environment.onFatal(error, 'checkpoint-coordinator');
    this.reports.failed(checkpointId, error as Error);
    const now = this.#environment.clock.monotonic();
    this.#sendIfActive(self, {
      type: 'decisionFailed',
      checkpointId,
      error: serializeError(error, 'external'),
      now,
    });
  }

  async #notifyAll(context: CheckpointCoordinatorContext, effect: Notice): Promise<void> {
    const { checkpointId, type } = effect;
    const told = this.reports.inTrace(checkpointId, () =>
      Promise.all(effect.refs.map((ref) => this.#messages.notify(context, ref, effect))),
    );
    if (type === 'takeUnaligned') return;
    await told;
    this.reports.told(checkpointId, type === 'notifyAborted');
  }

  #decide(context: CheckpointCoordinatorContext, self: Actor, pending: PendingCheckpoint): void {
    this.#decisions.write(context, pending, {
      decided: (completed, commits) => {
        this.reports.completed(completed, commits);
        this.#sendIfActive(self, { type: 'decided', completed, now: this.#environment.clock.monotonic() });
      },
      failed: (error) => this.#failed(self, pending.checkpointId, error),
    });
  }
}
