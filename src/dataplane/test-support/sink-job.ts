import { redistributeOperatorState } from '../../state/index.ts';
import type { OperatorStateSnapshot } from '../../state/index.ts';
import type { Sink } from '../../functions/sink.ts';
import type { OperatorId } from '../../base/ids.ts';
import { decodeOperatorState, encodeOperatorState } from '../../state/snapshot/operator-state-codec.ts';
import { sinkOperator } from '../operators/index.ts';
import { ChainHarness } from './chain-harness.ts';

const SINK = 'op-0' as OperatorId;

interface SinkCheckpoint {
  readonly id: number;
  readonly states: readonly Uint8Array[];
  /** Index of the first record after the barrier. */
  readonly next: number;
}

/**
 * The subtasks of a sink and a source of records 0, 1, 2, ... that a checkpoint brings back to where it was; record `i` goes to
 * subtask `i modulo parallelism`. A crash drops everything but the last checkpoint that is complete.
 */
export class SinkJob {
  readonly #sink: () => Sink<never>;
  readonly #last: boolean;
  #subtasks: ChainHarness[] = [];
  #pending: SinkCheckpoint[] = [];
  #restorePoint: SinkCheckpoint | undefined;
  #checkpointId = 0;
  #attempt = -1;
  #next = 0;

  /** @param last whether a last checkpoint follows the end of the input */
  constructor(sink: () => Sink<never>, last = true) {
    this.#sink = sink;
    this.#last = last;
  }

  get subtasks(): readonly ChainHarness[] {
    return this.#subtasks;
  }

  /** Records before this index were written. */
  get next(): number {
    return this.#next;
  }

  /** Records before this index are part of a complete checkpoint. */
  get decided(): number {
    return this.#restorePoint?.next ?? 0;
  }

  /** Starts the next attempt from the last complete checkpoint. */
  async start(parallelism: number): Promise<void> {
    this.#attempt += 1;
    this.#pending = [];
    const point = this.#restorePoint;
    this.#next = point?.next ?? 0;
    const states = point === undefined ? [] : shareOut(point.states, parallelism);
    this.#subtasks = Array.from({ length: parallelism }, (_, subtask) => {
      const operatorState = states[subtask];
      return new ChainHarness([sinkOperator(this.#sink())], {
        subtask,
        attempt: this.#attempt,
        checkpoints: { atEndOfInput: this.#last, restored: point?.id },
        ...(operatorState === undefined
          ? {}
          : { restored: new Map([[SINK, { operatorState, keyed: undefined }]]) }),
      });
    });
    for (const subtask of this.#subtasks) await subtask.chain.open();
  }

  write(records: number): void {
    for (let n = 0; n < records; n += 1) {
      this.#subtasks[this.#next % this.#subtasks.length]?.push(this.#next);
      this.#next += 1;
    }
  }

  /** A barrier passes all subtasks; all acknowledge. */
  async snapshot(): Promise<number> {
    const id = (this.#checkpointId += 1);
    const context = { getCheckpointId: () => id, getCheckpointTimestamp: () => 0 };
    const states: Uint8Array[] = [];
    for (const { chain } of this.#subtasks) {
      const [member] = chain.members;
      await member?.operator.snapshotState?.(context);
      states.push(encodeOperatorState(member?.states.operatorState.snapshot() ?? []));
    }
    this.#pending.push({ id, states, next: this.#next });
    return id;
  }

  /** The checkpoint is decided; nobody was told yet. */
  decide(id: number): void {
    this.#restorePoint = this.#pending.find((checkpoint) => checkpoint.id === id) ?? this.#restorePoint;
    this.#pending = this.#pending.filter((checkpoint) => checkpoint.id > id);
  }

  /** Tells one subtask, or all, that a checkpoint is complete. */
  async notify(id: number, subtask?: number): Promise<void> {
    const told = subtask === undefined ? this.#subtasks : this.#subtasks.slice(subtask, subtask + 1);
    for (const { chain } of told) await chain.members[0]?.operator.notifyCheckpointComplete?.(id);
  }

  /** A checkpoint from barrier to commit. */
  async checkpoint(): Promise<void> {
    const id = await this.snapshot();
    this.decide(id);
    await this.notify(id);
  }

  /** The end of the input, with the checkpoint that follows it if one does. */
  async end(): Promise<void> {
    for (const { chain } of this.#subtasks) await chain.members[0]?.operator.finish?.();
    if (this.#last) await this.checkpoint();
    for (const { chain } of this.#subtasks) await chain.close(false);
  }

  /** The processes are gone, as after kill -9: nobody is told and nothing is cleaned up. */
  crash(): void {
    this.#subtasks = [];
  }
}

function shareOut(states: readonly Uint8Array[], parallelism: number): OperatorStateSnapshot[] {
  return redistributeOperatorState(states.map(decodeOperatorState), parallelism);
}
