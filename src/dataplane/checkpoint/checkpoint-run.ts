import { OPERATOR_STATE_INLINE_BYTES } from '../../base/limits.ts';
import type { OperatorId } from '../../base/ids.ts';
import type { SourceSplit } from '../../functions/source.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SnapshotRun } from '../../state/index.ts';
import type { ChannelTotals, OperatorSubtaskState, SnapshotFileRef } from '../../protocol/checkpoint.ts';
import { StateReader } from '../../state/snapshot/state-reader.ts';
import { StateWriter } from '../../state/snapshot/state-writer.ts';
import type { ChainMember } from '../chain/index.ts';
import type { AlignedBarrier } from '../exchange/barrier-alignment.ts';
import { BARRIER_FULL, BARRIER_INCREMENTAL } from '../exchange/channel.ts';
import type { FilePlan, KeyedFiles } from './keyed-files.ts';
import { encodeInFlight } from './in-flight.ts';
import { encodeOperatorState } from '../../state/snapshot/operator-state-codec.ts';
import type { TaskCheckpointing, TaskSnapshot } from './task-checkpointing.ts';

const FULL: FilePlan = { mode: 'full', generation: 0 };
/** A savepoint: checkpoints neither build on it, nor notice it. */
const ASIDE: FilePlan = { mode: 'aside', generation: 0 };

/** Keyed state of one operator on its way into a file. */
interface KeyedPart {
  readonly operatorId: OperatorId;
  readonly run: SnapshotRun;
  readonly plan: FilePlan;
  readonly path: string;
  readonly keyGroups: { readonly start: number; readonly end: number };
}

export interface CheckpointRunOptions {
  readonly barrier: AlignedBarrier;
  /** How long records waited for hooks, ms. */
  readonly syncMs: number;
  readonly members: readonly ChainMember[];
  readonly files: ReadonlyMap<OperatorId, KeyedFiles>;
  readonly splits: readonly SourceSplit[] | undefined;
  readonly assignmentsTaken: number;
  readonly checkpointing: TaskCheckpointing;
  readonly clock: Clock;
  /** Records through each channel up to the barrier; called when it has been sent on. */
  channelTotals(): ChannelTotals;
  /** A full copy that later checkpoints do not build on. */
  readonly savepoint: boolean;
}

/**
 * One checkpoint of a task, from the moment its state is fixed until everything is written: rows by `step`, between records;
 * files in the background.
 */
export class CheckpointRun {
  readonly checkpointId: number;
  readonly #options: CheckpointRunOptions;
  readonly #operators: OperatorSubtaskState[] = [];
  readonly #keyed: KeyedPart[] = [];
  /** Records on their way, encoded: their owners may change them afterwards. */
  readonly #inFlight: Uint8Array | undefined;
  #channels: ChannelTotals = { sent: {}, received: {} };
  #inFlightFile: SnapshotFileRef | undefined;
  readonly #startedAt: number;
  #next = 0;
  #longestPauseMs = 0;
  #writtenBytes = 0;

  /** Fixes the state of all operators as it is now. */
  constructor(options: CheckpointRunOptions) {
    this.#options = options;
    this.checkpointId = options.barrier.checkpointId;
    this.#startedAt = options.clock.monotonic();
    for (const member of options.members) this.#capture(member);
    const { inFlight } = options.barrier;
    if (inFlight.length > 0) this.#inFlight = encodeInFlight(inFlight);
    this.#notePause(this.#startedAt);
  }

  /** The barrier has been sent on. */
  sentOn(): void {
    this.#channels = this.#options.channelTotals();
  }

  /** Whether rows are left to be written. */
  get writing(): boolean {
    return this.#next < this.#keyed.length;
  }

  /** Writes rows until `deadline` (monotonic ms). @returns a promise to wait for when the store has to catch up first */
  step(deadline: number): Promise<void> | undefined {
    const startedAt = this.#options.clock.monotonic();
    while (this.writing) {
      const { run } = this.#keyed[this.#next] as KeyedPart;
      if (run.step(() => this.#options.clock.monotonic() >= deadline)) this.#next += 1;
      else if (run.congested) return run.drained();
      else break;
    }
    this.#notePause(startedAt);
    return undefined;
  }

  /** After the last step: completes the files. */
  async finish(): Promise<TaskSnapshot> {
    for (const part of this.#keyed) await this.#finishKeyed(part);
    await this.#moveLargeStates();
    if (this.#inFlight !== undefined) this.#inFlightFile = await this.#write(this.#inFlight);
    const { barrier, clock, splits, assignmentsTaken, syncMs } = this.#options;
    const { alignmentMs, processedBytes, timestamp, checkpointId } = barrier;
    return {
      checkpointId,
      state: {
        operators: this.#operators,
        ...(splits === undefined ? {} : { splits: [...splits] }),
        ...(this.#inFlightFile === undefined ? {} : { inFlight: this.#inFlightFile }),
      },
      assignmentsTaken,
      channels: this.#channels,
      metrics: {
        checkpointedBytes: this.#writtenBytes,
        stateBytes: this.#operators.reduce((sum, operator) => sum + sizeOf(operator), 0),
        alignmentMs,
        processedBytes,
        persistedBytes: this.#inFlightFile?.size ?? 0,
        syncMs,
        asyncMs: clock.monotonic() - this.#startedAt,
        longestPauseMs: this.#longestPauseMs,
        startDelayMs: Math.max(0, clock.now() - timestamp - syncMs - alignmentMs),
      },
    };
  }

  /** Gives up: what changed before this checkpoint is in no file, so the next one writes everything. */
  async abort(): Promise<void> {
    for (const { operatorId, run, plan } of this.#keyed) {
      if (plan !== ASIDE) this.#options.files.get(operatorId)?.lose();
      await run.abort().catch(() => {});
    }
  }

  #capture({ operatorId, states }: ChainMember): void {
    const { checkpointing, files, savepoint } = this.#options;
    const operatorState = states.operatorState.snapshot().filter(({ elements }) => elements.length > 0);
    const captured: OperatorSubtaskState = {
      operatorId,
      ...(operatorState.length === 0 ? {} : { operatorState: encodeOperatorState(operatorState) }),
    };
    this.#operators.push(captured);
    const backend = states.keyed;
    if (backend === undefined) return;
    const { keyGroups, maxParallelism } = backend;
    const { location, flags } = this.#options.barrier;
    const path = checkpointing.newFile(location);
    const file = checkpointing.storeOf(location).then((store) => store.create(path));
    const known = files.get(operatorId);
    const incremental = checkpointing.incremental || (flags & BARRIER_INCREMENTAL) !== 0;
    const whole = (flags & BARRIER_FULL) !== 0 || backend.needsBase === true;
    const plan = savepoint ? ASIDE : (known?.plan(incremental, whole) ?? FULL);
    const run = backend.beginSnapshot(
      (infos) => new StateWriter(file, infos, keyGroups, maxParallelism),
      plan.mode,
    );
    this.#keyed.push({ operatorId, run, plan, path, keyGroups });
  }

  async #finishKeyed({ operatorId, run, plan, path, keyGroups }: KeyedPart): Promise<void> {
    const { bytes } = await run.finish();
    this.#writtenBytes += bytes;
    const file = { path, size: bytes };
    const known = this.#options.files.get(operatorId);
    const files: readonly SnapshotFileRef[] = known === undefined ? [file] : known.add(plan, file);
    if (plan !== ASIDE && run.moveRemote !== undefined) {
      const { checkpointing, barrier } = this.#options;
      await run.moveRemote(await StateReader.open(await checkpointing.storeOf(barrier.location), path));
    }
    const index = this.#operators.findIndex((operator) => operator.operatorId === operatorId);
    this.#operators[index] = {
      ...(this.#operators[index] as OperatorSubtaskState),
      keyed: { keyGroups, files: [...files] },
    };
  }

  async #moveLargeStates(): Promise<void> {
    for (const [index, operator] of this.#operators.entries()) {
      const { operatorState } = operator;
      if (!(operatorState instanceof Uint8Array)) continue;
      if (operatorState.byteLength <= OPERATOR_STATE_INLINE_BYTES)
        this.#writtenBytes += operatorState.byteLength;
      else this.#operators[index] = { ...operator, operatorState: await this.#write(operatorState) };
    }
  }

  /** Bytes as a file of their own. */
  async #write(bytes: Uint8Array): Promise<SnapshotFileRef> {
    const { checkpointing, barrier } = this.#options;
    const path = checkpointing.newFile(barrier.location);
    const store = await checkpointing.storeOf(barrier.location);
    const file = await store.create(path);
    await file.write(bytes);
    await file.close();
    this.#writtenBytes += bytes.byteLength;
    return { path, size: bytes.byteLength };
  }

  #notePause(since: number): void {
    this.#longestPauseMs = Math.max(this.#longestPauseMs, this.#options.clock.monotonic() - since);
  }
}

function sizeOf({ keyed, operatorState }: OperatorSubtaskState): number {
  const files = keyed?.files.reduce((sum, { size }) => sum + size, 0) ?? 0;
  if (operatorState === undefined) return files;
  return files + (operatorState instanceof Uint8Array ? operatorState.byteLength : operatorState.size);
}
