import { isActive } from '../../src/control/scheduler/decide.ts';
import type { ExecutionRef, SchedulerState } from '../../src/control/scheduler/state.ts';
import { WatermarkAlignment } from '../../src/control/watermark-alignment.ts';
import type { ExecutionGraph } from '../../src/graph/execution-graph.ts';
import type { JobManagerRequest } from '../../src/protocol/job-manager.ts';

type WatermarkReport = Extract<JobManagerRequest, { type: 'reportWatermark' }>;

/** What sources of a job with aligned watermarks tell each other, by way of its job-manager. */
export class WatermarkReports {
  readonly #alignment: WatermarkAlignment;

  constructor({ jobGraph }: ExecutionGraph) {
    this.#alignment = new WatermarkAlignment(jobGraph);
  }

  /**
   * @param now monotonic ms
   * @returns the answer; undefined: the report is of an old attempt
   */
  take(
    scheduler: SchedulerState,
    report: WatermarkReport,
    now: number,
  ): { readonly type: 'watermarksAligned'; readonly othersMinimum?: number } | undefined {
    if (!isActive(scheduler, report)) return undefined;
    const othersMinimum = this.#alignment.report(report, now);
    return { type: 'watermarksAligned', ...(othersMinimum === undefined ? {} : { othersMinimum }) };
  }

  /** Nobody waits for these any more. */
  without({ executions }: SchedulerState, refs: readonly ExecutionRef[]): void {
    for (const ref of refs) {
      const execution = executions.get(ref.vertexId)?.[ref.subtaskIndex];
      this.#alignment.stopped(ref, execution?.state === 'FINISHED');
    }
  }
}
