import type { KeySelector } from '../../functions/basic.ts';
import type { WindowMode } from './fold.ts';

/** Options of a window operator, checked and with their defaults filled in. */
export interface WindowOptions {
  readonly selectKey: KeySelector<unknown>;
  readonly mode: WindowMode;
  readonly allowedLatenessMs: number;
  /** Side output of records that came too late; where undefined they are counted and dropped. */
  readonly lateTagId: string | undefined;
}
