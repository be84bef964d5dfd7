import { AbstractRichFunction } from './basic.ts';
import type { Collector } from './basic.ts';
import type { OutputTag } from './output-tag.ts';

/** Timestamps of a joined pair, ms; what is emitted carries the larger one. */
export interface ProcessJoinContext {
  readonly leftTimestamp: number;
  readonly rightTimestamp: number;
  readonly timestamp: number;
  output<S>(tag: OutputTag<S>, value: S): void;
}

/** Called for each pair of an interval join. */
export abstract class ProcessJoinFunction<L, R, O> extends AbstractRichFunction {
  abstract processElement(left: L, right: R, context: ProcessJoinContext, out: Collector<O>): void;
}

/** The short form users may pass for a ProcessJoinFunction. */
export type ProcessJoinLike<L, R, O> =
  | ((left: L, right: R, context: ProcessJoinContext, out: Collector<O>) => void)
  | ProcessJoinFunction<L, R, O>;
