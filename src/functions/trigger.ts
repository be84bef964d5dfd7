import type { TimeWindow } from './window.ts';

/** What follows a trigger's call: emit the window's result, drop its content, both, or nothing. */
export type TriggerResult = 'CONTINUE' | 'FIRE' | 'PURGE' | 'FIRE_AND_PURGE';

/** Time, timers and a little state of one key's window. */
export interface TriggerContext {
  currentProcessingTime(): number;
  currentWatermark(): number;
  registerEventTimeTimer(timestamp: number): void;
  registerProcessingTimeTimer(timestamp: number): void;
  deleteEventTimeTimer(timestamp: number): void;
  deleteProcessingTimeTimer(timestamp: number): void;
  /** A value kept for this key and window under a name; dropped with the window. */
  getValue<V>(name: string): V | undefined;
  setValue<V>(name: string, value: V | undefined): void;
}

/** Decides when a window emits. One object serves all windows of an operator: what it remembers belongs in the context. */
export abstract class Trigger<T = unknown> {
  /** Whether `onElement` never looks at a record: then fields that nobody else reads are not sent to its window. */
  get ignoresElements(): boolean {
    return false;
  }

  abstract onElement(value: T, timestamp: number, window: TimeWindow, context: TriggerContext): TriggerResult;

  onEventTime(_timestamp: number, _window: TimeWindow, _context: TriggerContext): TriggerResult {
    return 'CONTINUE';
  }

  onProcessingTime(_timestamp: number, _window: TimeWindow, _context: TriggerContext): TriggerResult {
    return 'CONTINUE';
  }

  /** Windows became one: set its timers anew. `values` are those kept under each name by the windows that merged. */
  onMerge(
    _window: TimeWindow,
    _context: TriggerContext,
    _values: (name: string) => readonly unknown[],
  ): void {}
}
