import { intervalStart } from './time-window.ts';

/**
 * How tumbling and sliding windows are cut into panes. Where accumulators can be merged, a pane is a slice (as wide as
 * the greatest common divisor of size and slide) that all windows over it share: a record touches one pane, whatever
 * size/slide is (Traub et al., "General Incremental Sliding-Window Aggregation", VLDB 2019). Else each window has its own pane.
 */
export class PaneLayout {
  readonly size: number;
  readonly slide: number;
  readonly offset: number;
  /** Width of a pane. */
  readonly width: number;
  readonly shared: boolean;

  constructor(size: number, slide: number, offset: number, mergeable: boolean) {
    this.size = size;
    this.slide = slide;
    this.offset = offset;
    this.shared = mergeable || size === slide;
    this.width = this.shared ? greatestCommonDivisor(size, slide) : size;
  }

  /** End of the last window that holds `timestamp`; not above it where the windows leave gaps. */
  lastWindowAt(timestamp: number): number {
    return intervalStart(timestamp, this.offset, this.slide) + this.size;
  }

  /** End of the slice that holds `timestamp`. */
  sliceAt(timestamp: number): number {
    return intervalStart(timestamp, this.offset, this.width) + this.width;
  }

  /** End of the first window over a pane. */
  firstWindow(pane: number): number {
    if (!this.shared) return pane;
    const earliest = pane - this.size;
    const start = intervalStart(earliest, this.offset, this.slide);
    return (start < earliest ? start + this.slide : start) + this.size;
  }

  /** End of the last window over a pane. */
  lastWindow(pane: number): number {
    return this.shared ? this.lastWindowAt(pane - this.width) : pane;
  }

  /** End of the first pane of a window; the others follow every `width` until the window's end. */
  firstPane(windowEnd: number): number {
    return this.shared ? windowEnd - this.size + this.width : windowEnd;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
