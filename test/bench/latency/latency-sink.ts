import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { Sink, SinkWriter, SinkWriterContext } from 'millrace';
import { HIGHEST_MICROSECONDS, newHistogram } from './histogram.ts';
import { monotonicMs } from './monotonic.ts';

/** How long ago each record was due, as a histogram per subtask in a folder. Records due before `from` only warm up. */
export class LatencySink<T extends { readonly due: number }> implements Sink<T> {
  readonly #folder: string;
  readonly #from: number;

  constructor(folder: string, from: number) {
    this.#folder = folder;
    this.#from = from;
  }

  createWriter({ taskInfo }: SinkWriterContext): SinkWriter<T> {
    const histogram = newHistogram();
    const from = this.#from;
    return {
      write: ({ due }) => {
        if (due < from) return;
        // Clocks of two threads agree to a microsecond: that must not make a latency negative.
        const microseconds = Math.round((monotonicMs() - due) * 1000);
        histogram.recordValue(Math.min(Math.max(microseconds, 0), HIGHEST_MICROSECONDS));
      },
      flush: () => {
        const file = join(this.#folder, `${taskInfo.indexOfThisSubtask}.hdr`);
        writeFileSync(file, encodeIntoCompressedBase64(histogram));
      },
      close: () => {},
    };
  }
}
