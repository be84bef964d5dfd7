import type { TimeWindow } from '../../functions/window.ts';

export class Window implements TimeWindow {
  readonly start: number;
  readonly end: number;

  constructor(start: number, end: number) {
    this.start = start;
    this.end = end;
  }

  maxTimestamp(): number {
    return this.end - 1;
  }
}

/** Start of the interval of `width` ms that holds `timestamp`, where one begins at `offset`; right for negative times. */
export function intervalStart(timestamp: number, offset: number, width: number): number {
  const remainder = (timestamp - offset) % width;
  return timestamp - (remainder < 0 ? remainder + width : remainder);
}
