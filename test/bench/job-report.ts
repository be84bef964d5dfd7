import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sink, SinkWriter, SinkWriterContext } from 'millrace';

/** What one subtask of a bench job's sink says at the end of its input. Times are ms since the epoch. */
export interface SubtaskReport {
  readonly pid: number;
  readonly records: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** CPU time of the whole process at these times, in seconds. */
  readonly cpuAtStart: number;
  readonly cpuAtEnd: number;
  readonly peakRssMb: number;
}

/** Counts records, and at the end writes a SubtaskReport into a folder: one file per subtask. */
export class ReportingSink<T> implements Sink<T> {
  readonly #folder: string;
  readonly #records: (value: T) => number;

  /** @param records how many records of the source a record here stands for */
  constructor(folder: string, records: (value: T) => number = () => 1) {
    this.#folder = folder;
    this.#records = records;
  }

  createWriter({ taskInfo }: SinkWriterContext): SinkWriter<T> {
    const file = join(this.#folder, `${taskInfo.indexOfThisSubtask}.json`);
    const startedAt = Date.now();
    const cpuAtStart = cpuOfProcess();
    const recordsOf = this.#records;
    let records = 0;
    return {
      write: (value) => {
        records += recordsOf(value);
      },
      flush: () => {
        const report: SubtaskReport = {
          pid: process.pid,
          records,
          startedAt,
          endedAt: Date.now(),
          cpuAtStart,
          cpuAtEnd: cpuOfProcess(),
          peakRssMb: process.resourceUsage().maxRSS / 1024,
        };
        writeFileSync(file, JSON.stringify(report));
      },
      close: () => {},
    };
  }
}

function cpuOfProcess(): number {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return (userCPUTime + systemCPUTime) / 1e6;
}
