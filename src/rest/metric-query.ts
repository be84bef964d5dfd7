import type { JobId, TaskManagerId, VertexId } from '../base/ids.ts';

/** Whose metrics are asked for. */
export type MetricScope =
  | { readonly type: 'jobManager' }
  | { readonly type: 'taskManager'; readonly taskManagerId: TaskManagerId }
  | { readonly type: 'job'; readonly jobId: JobId }
  /** Names as `<subtask>.<metric>`. */
  | { readonly type: 'vertex'; readonly jobId: JobId; readonly vertexId: VertexId }
  /** Coordinators of its operators, which are in the JobManager; names as `<operator>.<metric>`. */
  | { readonly type: 'coordinator'; readonly jobId: JobId; readonly vertexId: VertexId }
  | {
      readonly type: 'subtask';
      readonly jobId: JobId;
      readonly vertexId: VertexId;
      readonly subtaskIndex: number;
    };

/** The latest value of every metric that the cluster keeps; refreshed while somebody asks. */
export interface MetricQuery {
  /** Values by name; empty for what is not known. */
  values(scope: MetricScope): Promise<ReadonlyMap<string, number | string>>;
}
