import type { OperatorId } from '../../base/ids.ts';
import { MAX_WATERMARK, MIN_WATERMARK } from '../../base/time.ts';
import type { ChannelEvent } from '../exchange/channel.ts';
import type { InMemoryOperatorStateStore, KeyedStateBackend } from '../../state/index.ts';
import type { MetricComponent } from '../../metrics/component.ts';
import type { Emit, StreamOperator } from './operator.ts';
import type { RecordCounts } from './record-counts.ts';
import type { Trace } from './trace.ts';

/** What a chain needs of an exchange at its end. */
export interface EdgeOutput {
  readonly emit: Emit;
  /** Sends an event to every channel of the edge, after all records so far. */
  event(event: ChannelEvent): void;
}

/** One operator of a chain with its place: `parent` hands it records, `edges` are the exchanges it feeds itself. */
export interface ChainMember {
  readonly operatorId: OperatorId;
  readonly name: string;
  /** As its factory's. */
  readonly kind: string;
  readonly operator: StreamOperator;
  readonly parent: number;
  readonly inputCount: number;
  readonly edges: readonly EdgeOutput[];
  readonly states: MemberStates;
  readonly metrics: MetricComponent;
  readonly counts: OperatorCounts;
}

/** What an operator did. */
export interface OperatorCounts extends RecordCounts {
  readonly lateRecordsDropped: () => number;
}

/** The states of one operator of a chain. */
export interface MemberStates {
  readonly operatorState: InMemoryOperatorStateStore;
  /** Undefined while the operator has used none. */
  readonly keyed: KeyedStateBackend | undefined;
}

/**
 * The operators of a subtask, upstream before downstream. Watermarks, timers and the end of input walk through it one
 * operator after the other; each walk stops where an output is full and goes on at the next call.
 */
export class Chain {
  /** Entries of the head, one per input; none for a source. */
  readonly inputs: readonly Emit[];
  readonly members: readonly ChainMember[];
  /** Whether an operator makes watermarks of its own, so that `advance` is worth calling after each batch. */
  readonly generatesWatermarks: boolean;
  readonly #trace: Trace;
  readonly #seen: number[];
  readonly #sent: number[];
  readonly #idle: boolean[];
  #headWatermark = MIN_WATERMARK;
  #headIdle = false;
  /** Operators before this one have ended; the head's inputs end by `endHeadInput`. */
  #ended = 1;
  #endedInput = 0;

  constructor(members: readonly ChainMember[], inputs: readonly Emit[], trace: Trace) {
    this.members = members;
    this.inputs = inputs;
    this.#trace = trace;
    this.#seen = members.map(() => MIN_WATERMARK);
    this.#sent = members.map(() => MIN_WATERMARK);
    this.#idle = members.map(() => false);
    this.generatesWatermarks = members.some(({ operator }) => operator.currentWatermark !== undefined);
  }

  /** Opens from the last operator to the first, so that each finds its outputs ready. */
  async open(): Promise<void> {
    for (const [index, member] of [...this.members.entries()].toReversed()) {
      this.#trace.node = index;
      await member.operator.open?.();
    }
  }

  /** The head's watermark; one that goes back is ignored. Takes effect at `advance`. */
  setWatermark(watermark: number): void {
    if (watermark > this.#headWatermark) this.#headWatermark = watermark;
  }

  setIdle(idle: boolean): void {
    this.#headIdle = idle;
  }

  get watermark(): number {
    return this.#headWatermark;
  }

  /** The watermark that reached an operator, and the one that it sent on. */
  watermarksOf(index: number): { readonly input: number; readonly output: number } {
    return { input: this.#seen[index] ?? MIN_WATERMARK, output: this.#sent[index] ?? MIN_WATERMARK };
  }

  /** Carries watermarks and idleness through the chain. False: stopped by a full output, call again before any record. */
  advance(): boolean {
    for (let index = 0; index < this.members.length; index += 1) {
      const { operator, parent, edges } = this.members[index] as ChainMember;
      const watermark = index === 0 ? this.#headWatermark : (this.#sent[parent] as number);
      const inputIdle = index === 0 ? this.#headIdle : (this.#idle[parent] as boolean);
      this.#trace.node = index;
      if (watermark > (this.#seen[index] as number)) {
        if (operator.advanceWatermark?.(watermark) === false) return false;
        this.#seen[index] = watermark;
      }
      this.#send(
        index,
        operator.currentWatermark?.(watermark) ?? watermark,
        operator.isIdle?.(inputIdle) ?? inputIdle,
        edges,
      );
    }
    return true;
  }

  #send(index: number, watermark: number, idle: boolean, edges: readonly EdgeOutput[]): void {
    const wasIdle = this.#idle[index] as boolean;
    if (wasIdle && !idle) for (const edge of edges) edge.event({ kind: 'watermark-status', idle: false });
    if (watermark > (this.#sent[index] as number)) {
      this.#sent[index] = watermark;
      for (const edge of edges) edge.event({ kind: 'watermark', timestamp: watermark });
    }
    if (!wasIdle && idle) for (const edge of edges) edge.event({ kind: 'watermark-status', idle: true });
    this.#idle[index] = idle;
  }

  /** Fires processing-time timers up to `now`, wall time. False: stopped by a full output. */
  advanceProcessingTime(now: number): boolean {
    for (let index = 0; index < this.members.length; index += 1) {
      this.#trace.node = index;
      if (this.members[index]?.operator.advanceProcessingTime?.(now) === false) return false;
    }
    return true;
  }

  /** Wall time of the earliest processing-time timer. */
  nextProcessingTimer(): number | undefined {
    let next: number | undefined;
    for (const { operator } of this.members) {
      const timer = operator.nextProcessingTimer?.();
      if (timer !== undefined && (next === undefined || timer < next)) next = timer;
    }
    return next;
  }

  /** One of the head's inputs ended while others go on. */
  endHeadInput(input: number): boolean {
    this.#trace.node = 0;
    return this.members[0]?.operator.endInput?.(input) ?? true;
  }

  /**
   * All input has ended: the last watermark through the chain, then `endInput` of each operator after the head
   * (whose inputs ended by `endHeadInput`), upstream first. False: stopped by a full output, call again.
   */
  end(): boolean {
    this.setWatermark(MAX_WATERMARK);
    this.#headIdle = false;
    if (!this.advance()) return false;
    while (this.#ended < this.members.length) {
      const { operator, inputCount } = this.members[this.#ended] as ChainMember;
      this.#trace.node = this.#ended;
      for (; this.#endedInput < inputCount; this.#endedInput += 1) {
        if (operator.endInput?.(this.#endedInput) === false) return false;
      }
      this.#endedInput = 0;
      this.#ended += 1;
      // An operator that held watermarks back (async I/O) let them go at its end: those behind it see them before theirs.
      if (!this.advance()) return false;
    }
    return true;
  }

  /** Resolves when everything written is out, upstream first. */
  async finish(): Promise<void> {
    for (const [index, member] of this.members.entries()) {
      this.#trace.node = index;
      await member.operator.finish?.();
    }
  }

  /** Hands an event to every exchange, after all records so far. */
  broadcast(event: ChannelEvent): void {
    for (const { edges } of this.members) for (const edge of edges) edge.event(event);
  }

  /** Closes all operators, also when one fails; throws what failed first. */
  async close(aborted: boolean): Promise<void> {
    let failed: { readonly error: unknown; readonly index: number } | undefined;
    for (const [index, member] of this.members.entries()) {
      try {
        await member.operator.close?.(aborted);
      } catch (error) {
        failed ??= { error, index };
      }
    }
    if (failed === undefined) return;
    this.#trace.node = failed.index;
    throw failed.error;
  }
}
