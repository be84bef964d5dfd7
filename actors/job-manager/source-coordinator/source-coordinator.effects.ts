import { ExternalError, MillraceError, UserError, serializeError } from '../../../src/base/errors.ts';
import type { SerializedError } from '../../../src/base/errors.ts';
import type { VertexId } from '../../../src/base/ids.ts';
import type { SourceSplit, SplitEnumerator, SplitEnumeratorContext } from '../../../src/functions/source.ts';
import { subtaskReply } from '../../../src/protocol/subtask.ts';
import { PERSISTENT, ask } from '../../messaging/ask.ts';
import { sendIfActive } from '../../messaging/send-if-active.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';
import { sourceCoordinatorMachine } from './source-coordinator.machine.ts';
import type { SourceCoordinatorContext } from './source-coordinator.machine.ts';

/** @param restored splits that nobody held at the checkpoint that the job goes on from; undefined when it begins anew */
export type CreateEnumerator = (
  vertexId: VertexId,
  context: SplitEnumeratorContext<SourceSplit>,
  restored: readonly SourceSplit[] | undefined,
) => SplitEnumerator<SourceSplit>;

export interface SourceCoordinatorHooks {
  readonly createEnumerator: CreateEnumerator;
  /** Whether `attempt` is still the present one of this subtask. */
  isActive(vertexId: VertexId, subtaskIndex: number, attempt: number): boolean;
  onFailed(vertexId: VertexId, error: SerializedError): void;
  /** What a checkpoint left for the enumerator of a source. */
  restoredSplits(vertexId: VertexId): Promise<readonly SourceSplit[] | undefined>;
}

/** How many assignments each reader had taken at its barrier, by subtask. */
export type Taken = ReadonlyMap<number, { readonly attempt: number; readonly taken: number }>;

/** The enumerators of a job's sources. */
export interface SourceCoordinators {
  readonly machine: typeof sourceCoordinatorMachine;
  /** Splits of a source that no reader holds, in a checkpoint whose readers had taken so many assignments. */
  snapshot(vertexId: VertexId, taken: Taken): readonly SourceSplit[];
  /** The checkpoint stands: what readers had taken at its barrier is in it, and does not go back when they fail. */
  durable(vertexId: VertexId, taken: Taken): void;
  /** Splits of a source that no reader has got yet; undefined while its enumerator does not run. */
  readonly unassignedSplits: (vertexId: VertexId) => number | undefined;
}

/** The source-coordinator machine with its enumerators, one per source vertex of the job. */
export function provideSourceCoordinator(
  environment: ActorEnvironment,
  hooks: SourceCoordinatorHooks,
): SourceCoordinators {
  const runs = new Map<VertexId, EnumeratorRun>();
  const guarded = (
    self: { send(event: { type: 'failed'; error: SerializedError }): void },
    act: () => void,
  ): void => {
    try {
      act();
    } catch (error) {
      self.send({ type: 'failed', error: enumeratorError(error) });
    }
  };
  const machine = sourceCoordinatorMachine.provide({
    actions: {
      startEnumerator: ({ context, self }) =>
        guarded(self, () => {
          const run = new EnumeratorRun(environment, hooks, context, (error) =>
            sendIfActive(self, { type: 'failed', error }),
          );
          runs.set(context.vertexId, run);
          run.start().then(
            () => sendIfActive(self, { type: 'started' }),
            (error: unknown) => sendIfActive(self, { type: 'failed', error: enumeratorError(error) }),
          );
        }),
      handleRequest: ({ context, self }, { request, isNewReader }) =>
        guarded(self, () =>
          runs.get(context.vertexId)?.handle(request.subtaskIndex, request.attempt, isNewReader),
        ),
      takeBack: ({ context, event, self }) =>
        guarded(self, () => {
          if (event.type === 'attemptDiscarded') runs.get(context.vertexId)?.takeBack(event.subtasks);
        }),
      closeEnumerator: ({ context }) => {
        const run = runs.get(context.vertexId);
        runs.delete(context.vertexId);
        run
          ?.close()
          .catch((error: unknown) => environment.logger.warn('split enumerator did not close', { error }));
      },
      reportFailure: ({ context, event }) => {
        if (event.type !== 'failed') return;
        const { error } = event;
        // Not from within this transition: the job-manager's decision may reach back here.
        queueMicrotask(() => hooks.onFailed(context.vertexId, error));
      },
    },
  });
  return {
    machine,
    snapshot: (vertexId, taken) => {
      const run = runs.get(vertexId);
      if (run === undefined) throw new ExternalError(`the enumerator of source ${vertexId} does not run now`);
      return run.snapshot(taken);
    },
    durable: (vertexId, taken) => runs.get(vertexId)?.durable(taken),
    unassignedSplits: (vertexId) => runs.get(vertexId)?.unassignedSplits,
  };
}

function enumeratorError(error: unknown): SerializedError {
  const domain = error instanceof MillraceError ? error.domain : 'user';
  return serializeError(
    new UserError(`split enumerator failed: ${String(error)}`, { cause: error, retryable: true }),
    domain,
  );
}

/** One life of an enumerator: what it assigned, and the deliveries under way, in order per subtask. */
class EnumeratorRun {
  readonly #environment: ActorEnvironment;
  readonly #hooks: SourceCoordinatorHooks;
  readonly #context: SourceCoordinatorContext;
  readonly #onFailed: (error: SerializedError) => void;
  #enumerator: SplitEnumerator<SourceSplit> | undefined;
  readonly #readers = new Map<number, Reader>();

  constructor(
    environment: ActorEnvironment,
    hooks: SourceCoordinatorHooks,
    context: SourceCoordinatorContext,
    onFailed: (error: SerializedError) => void,
  ) {
    this.#environment = environment;
    this.#hooks = hooks;
    this.#context = context;
    this.#onFailed = onFailed;
  }

  async start(): Promise<void> {
    const { vertexId, parallelism } = this.#context;
    const restored = await this.#hooks.restoredSplits(vertexId);
    const context: SplitEnumeratorContext<SourceSplit> = {
      parallelism,
      now: () => this.#environment.clock.now(),
      assignSplits: (subtask, splits) => this.#deliver(subtask, splits, false),
      signalNoMoreSplits: (subtask) => this.#deliver(subtask, [], true),
    };
    this.#enumerator = this.#hooks.createEnumerator(vertexId, context, restored);
    await this.#enumerator.start();
  }

  async close(): Promise<void> {
    await this.#enumerator?.close();
  }

  snapshot(taken: Taken): readonly SourceSplit[] {
    // Assigned, but not yet taken at the reader's barrier: in no reader's part of the checkpoint.
    const under: SourceSplit[] = [];
    for (const [subtask, reader] of this.#readers) {
      const at = taken.get(subtask);
      const from = at === undefined || at.attempt !== reader.attempt ? 0 : at.taken;
      for (const { id, splits } of reader.assigned) if (id >= from) under.push(...splits);
    }
    return [...(this.#enumerator?.snapshotState() ?? []), ...under];
  }

  /** Splits that no reader has got yet. */
  get unassignedSplits(): number | undefined {
    return this.#enumerator?.snapshotState().length;
  }

  durable(taken: Taken): void {
    for (const [subtask, at] of taken) {
      const reader = this.#readers.get(subtask);
      if (reader?.attempt === at.attempt)
        reader.assigned = reader.assigned.filter(({ id }) => id >= at.taken);
    }
  }

  handle(subtask: number, attempt: number, isNewReader: boolean): void {
    if (isNewReader) {
      // A request of the old attempt may have come after that was discarded: what it got goes back first (E3).
      this.takeBack([subtask]);
      this.#readers.set(subtask, { attempt, assigned: [], nextAssignment: 0, deliveries: Promise.resolve() });
      this.#enumerator?.addReader(subtask);
    }
    this.#enumerator?.handleSplitRequest(subtask);
  }

  /** Splits of failed readers go back in the state they were assigned in. */
  takeBack(subtasks: readonly number[]): void {
    for (const subtask of subtasks) {
      const reader = this.#readers.get(subtask);
      if (reader === undefined) continue;
      this.#readers.delete(subtask);
      const splits = reader.assigned.flatMap((assignment) => assignment.splits);
      if (splits.length > 0) this.#enumerator?.addSplitsBack(splits, subtask);
    }
  }

  #deliver(subtask: number, splits: readonly SourceSplit[], noMoreSplits: boolean): void {
    const reader = this.#readers.get(subtask);
    if (reader === undefined) {
      throw new UserError(`the enumerator assigned splits to subtask ${subtask}, which has no reader now`);
    }
    const assignmentId = reader.nextAssignment++;
    if (splits.length > 0) reader.assigned.push({ id: assignmentId, splits });
    const { vertexId, jobId, epoch } = this.#context;
    const { attempt } = reader;
    const wanted = (): boolean => this.#hooks.isActive(vertexId, subtask, attempt);
    const subject = this.#environment.subjects.subtask(jobId, epoch, attempt, vertexId, subtask);
    const message = { type: 'assignSplits' as const, epoch, attempt, assignmentId, splits, noMoreSplits };
    reader.deliveries = reader.deliveries.then(async () => {
      try {
        await ask(this.#environment, subject, message, subtaskReply, { ...PERSISTENT, wanted });
      } catch (error) {
        if (wanted()) this.#onFailed(enumeratorError(error));
      }
    });
  }
}

interface Reader {
  readonly attempt: number;
  assigned: { readonly id: number; readonly splits: readonly SourceSplit[] }[];
  nextAssignment: number;
  deliveries: Promise<void>;
}
