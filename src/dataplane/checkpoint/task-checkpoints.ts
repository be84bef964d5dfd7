import type { OperatorId } from '../../base/ids.ts';
import { ExternalError } from '../../base/errors.ts';
import type {
  CheckpointListener,
  CheckpointedFunction,
  FunctionSnapshotContext,
} from '../../functions/checkpointed.ts';
import type { ChannelTotals, SnapshotFileRef } from '../../protocol/checkpoint.ts';
import type { SourceSplit } from '../../functions/source.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Chain, Flow, Trace } from '../chain/index.ts';
import type { AlignedBarrier } from '../exchange/barrier-alignment.ts';
import { BARRIER_SAVEPOINT } from '../exchange/channel.ts';
import { CheckpointRun } from './checkpoint-run.ts';
import { KeyedFiles } from './keyed-files.ts';
import type { TaskCheckpointing } from './task-checkpointing.ts';

export interface TaskCheckpointsOptions {
  readonly checkpointing: TaskCheckpointing;
  readonly chain: Chain;
  /** By operator, the files that its state was restored from and that the first checkpoint may build on. */
  readonly restoredFiles: ReadonlyMap<OperatorId, readonly SnapshotFileRef[]>;
  readonly flow: Flow;
  readonly trace: Trace;
  readonly clock: Clock;
  /** Of a source: the splits its reader holds. */
  splits(): readonly SourceSplit[] | undefined;
  assignmentsTaken(): number;
  channelTotals(): ChannelTotals;
}

/**
 * The checkpoints of one task. A barrier is taken between two records in three moves: hooks of operators and functions run
 * (records wait for their promises); the state is fixed and the barrier sent on; rows are written while records go on.
 */
export class TaskCheckpoints {
  readonly #options: TaskCheckpointsOptions;
  readonly #files: ReadonlyMap<OperatorId, KeyedFiles>;
  /** Barriers to be taken, oldest first. */
  readonly #due: AlignedBarrier[] = [];
  /** The barrier whose hooks are running. */
  #settling: { readonly barrier: AlignedBarrier; readonly since: number } | undefined;
  #run: CheckpointRun | undefined;
  #finishing: Promise<void> = Promise.resolve();
  #waitsForStore = false;
  /** The newest checkpoint whose barrier was taken. */
  #taken = 0;

  constructor(options: TaskCheckpointsOptions) {
    this.#options = options;
    const { chain, restoredFiles } = options;
    this.#files = new Map(
      chain.members.map(({ operatorId }) => [operatorId, new KeyedFiles(restoredFiles.get(operatorId))]),
    );
  }

  /** A barrier has come on all channels, or a source is to begin a checkpoint. */
  offer(barrier: AlignedBarrier): void {
    if (barrier.checkpointId > this.#taken) this.#due.push(barrier);
  }

  /** Whether no record may be processed before `take` was called. */
  get pending(): boolean {
    return this.#settling !== undefined || this.#due.length > 0;
  }

  /** Barriers that have come and were not sent on. */
  get waiting(): number {
    return this.#due.length + (this.#settling === undefined ? 0 : 1);
  }

  /** Moves a pending barrier on; called between records while the flow is open. Returns the barrier once it was sent on. */
  take(): AlignedBarrier | undefined {
    if (this.#settling === undefined) {
      const barrier = this.#due.shift();
      if (barrier === undefined) return undefined;
      this.#taken = barrier.checkpointId;
      this.#settling = { barrier, since: this.#options.clock.monotonic() };
      const hooks = this.#callHooks(barrier);
      if (hooks.length > 0) {
        this.#options.flow.waitFor(Promise.all(hooks), undefined);
        return undefined;
      }
    }
    const { barrier, since } = this.#settling;
    this.#settling = undefined;
    this.#begin(barrier, this.#options.clock.monotonic() - since);
    return barrier;
  }

  /** Writes rows of the checkpoint under way; returns whether it did something. */
  step(deadline: number): boolean {
    const run = this.#run;
    if (run === undefined || this.#waitsForStore || !run.writing) return false;
    const caughtUp = run.step(deadline);
    if (caughtUp !== undefined) {
      this.#waitsForStore = true;
      void caughtUp.then(() => {
        this.#waitsForStore = false;
        this.#options.flow.wake();
      });
    } else if (!run.writing) this.#finish(run);
    return true;
  }

  /** Whether `step` has work now. */
  get writing(): boolean {
    return this.#run?.writing === true && !this.#waitsForStore;
  }

  /** Whether the state of a checkpoint is still to become durable. */
  get underway(): boolean {
    return this.#run !== undefined;
  }

  /** The coordinator gave the checkpoint up. */
  abort(checkpointId: number): void {
    const dropped = this.#due.findIndex((barrier) => barrier.checkpointId === checkpointId);
    if (dropped >= 0) this.#due.splice(dropped, 1);
    if (this.#run?.checkpointId === checkpointId && this.#run.writing) this.#giveUp(this.#run);
    for (const { operator } of this.#options.chain.members) {
      operator.notifyCheckpointAborted?.(checkpointId);
      void listenerOf(operator.userFunction).notifyCheckpointAborted?.(checkpointId);
    }
  }

  /** The checkpoint is durable: operators may commit. Resolves when all have. */
  async complete(checkpointId: number): Promise<void> {
    for (const [index, { operator }] of this.#options.chain.members.entries()) {
      this.#options.trace.node = index;
      await operator.notifyCheckpointComplete?.(checkpointId);
      await listenerOf(operator.userFunction).notifyCheckpointComplete?.(checkpointId);
    }
  }

  close(): void {
    if (this.#run !== undefined) this.#giveUp(this.#run);
  }

  #callHooks({ checkpointId, timestamp }: AlignedBarrier): Promise<void>[] {
    const context: FunctionSnapshotContext = {
      getCheckpointId: () => checkpointId,
      getCheckpointTimestamp: () => timestamp,
    };
    const hooks: Promise<void>[] = [];
    for (const [index, { operator }] of this.#options.chain.members.entries()) {
      this.#options.trace.node = index;
      const own = operator.snapshotState?.(context);
      const users = (operator.userFunction as Partial<CheckpointedFunction> | undefined)?.snapshotState?.(
        context,
      );
      if (own !== undefined) hooks.push(own);
      if (users !== undefined) hooks.push(users);
    }
    return hooks;
  }

  #begin(barrier: AlignedBarrier, syncMs: number): void {
    const { chain, checkpointing, clock } = this.#options;
    if (this.#run?.writing === true) {
      const { checkpointId } = this.#run;
      this.#giveUp(this.#run);
      checkpointing.decline(
        checkpointId,
        new ExternalError(
          `checkpoint ${checkpointId} was still being written when the next one began: allow it more time`,
        ),
      );
    }
    const { kind, checkpointId, timestamp, flags, location } = barrier;
    const run = new CheckpointRun({
      barrier,
      syncMs,
      members: chain.members,
      files: this.#files,
      splits: this.#options.splits(),
      assignmentsTaken: this.#options.assignmentsTaken(),
      checkpointing,
      clock,
      channelTotals: () => this.#options.channelTotals(),
      savepoint: (flags & BARRIER_SAVEPOINT) !== 0,
    });
    this.#run = run;
    chain.broadcast({ kind, checkpointId, timestamp, flags, location });
    run.sentOn();
    if (!run.writing) this.#finish(run);
  }

  /** One after the other: a delta is part of the state only if those before it are. */
  #finish(run: CheckpointRun): void {
    this.#finishing = this.#finishing.then(async () => {
      const { checkpointing } = this.#options;
      try {
        checkpointing.acknowledge(await run.finish());
      } catch (error) {
        await run.abort();
        checkpointing.decline(run.checkpointId, error);
      }
      if (this.#run === run) this.#run = undefined;
      this.#options.flow.wake();
    });
  }

  #giveUp(run: CheckpointRun): void {
    if (this.#run === run) this.#run = undefined;
    void run.abort();
  }
}

function listenerOf(fn: unknown): Partial<CheckpointListener> {
  return typeof fn === 'object' && fn !== null ? fn : {};
}
