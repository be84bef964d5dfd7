export {
  DynamicEventTimeSessionWindows,
  EventTimeSessionWindows,
  GlobalWindows,
  ProcessingTimeSessionWindows,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from './assigners.ts';
export type { WindowAssigner } from './assigners.ts';
export type { WindowMode } from './fold.ts';
export { Window } from './time-window.ts';
