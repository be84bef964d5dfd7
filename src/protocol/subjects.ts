import { assert } from '../base/assert.ts';
import { isId } from '../base/ids.ts';
import type { ClusterId, Epoch, JobId, TaskManagerId, VertexId } from '../base/ids.ts';
import type { ClusterEvent } from './event.ts';

/**
 * All subjects of a cluster. Only ids become tokens, never names, so no wildcard, dot or blank can come in.
 *
 * | subject | who listens |
 * |---|---|
 * | `mr.<cluster>.dispatcher` | the leading dispatcher |
 * | `mr.<cluster>.resourcemanager` | the leading resource-manager |
 * | `mr.<cluster>.metrics` | the leading JobManager's store of metrics |
 * | `mr.<cluster>.job.<jobId>` | the job's job-manager |
 * | `mr.<cluster>.tm.<tmId>` | a task-manager |
 * | `mr.<cluster>.tm.<tmId>.node` | its process: logs, threads, memory |
 * | `mr.<cluster>.jobmanager.node` | the same of the leading JobManager |
 * | `mr.<cluster>.tm.<tmId>.slot.<n>` | one of its slots |
 * | `mr.<cluster>.job.<jobId>.<epoch>.<attempt>.task.<vertex>.<index>` | one attempt of a subtask, under one leader |
 * | `mr.<cluster>.data.<jobId>.<epoch>.<attempt>.<channel>` | the consumer of a network channel |
 * | `mr.<cluster>.event.>` | whoever wants to watch |
 */
export class Subjects {
  readonly #prefix: string;

  constructor(cluster: ClusterId) {
    assert(isId(cluster), `cluster id "${cluster}" is checked where it enters`);
    this.#prefix = `mr.${cluster}`;
  }

  dispatcher(): string {
    return `${this.#prefix}.dispatcher`;
  }

  resourceManager(): string {
    return `${this.#prefix}.resourcemanager`;
  }

  metrics(): string {
    return `${this.#prefix}.metrics`;
  }

  jobManager(job: JobId): string {
    return `${this.#prefix}.job.${token(job)}`;
  }

  taskManager(taskManager: TaskManagerId): string {
    return `${this.#prefix}.tm.${token(taskManager)}`;
  }

  /** The process of a task-manager, or of the leading JobManager, looked at from outside. */
  node(taskManager?: TaskManagerId): string {
    return taskManager === undefined
      ? `${this.#prefix}.jobmanager.node`
      : `${this.taskManager(taskManager)}.node`;
  }

  slot(taskManager: TaskManagerId, slot: number): string {
    return `${this.taskManager(taskManager)}.slot.${slot}`;
  }

  /** Attempts are counted anew by each leader: without the epoch, a subtask that lives on under an old one would hear the same. */
  subtask(job: JobId, epoch: Epoch, attempt: number, vertex: VertexId, subtaskIndex: number): string {
    return `${this.jobManager(job)}.${epoch}.${attempt}.task.${token(vertex)}.${subtaskIndex}`;
  }

  data(job: JobId, epoch: Epoch, attempt: number, channelId: string): string {
    return `${this.#prefix}.data.${token(job)}.${epoch}.${attempt}.${token(channelId)}`;
  }

  event(event: ClusterEvent): string {
    return `${this.#prefix}.event.${eventTokens(event)}`;
  }

  /** Pattern for all events. */
  allEvents(): string {
    return `${this.#prefix}.event.>`;
  }
}

/** The role of whoever listens on a subject, by the forms above: `dispatcher`, `slot`... */
export function roleAt(subject: string): string {
  const [, , kind = subject, , fourth, , sixth] = subject.split('.');
  switch (kind) {
    case 'resourcemanager':
      return 'resource-manager';
    case 'jobmanager':
      return 'node';
    case 'tm':
      return fourth === 'slot' || fourth === 'node' ? fourth : 'task-manager';
    case 'job':
      return sixth === 'task' ? 'subtask' : 'job-manager';
    default:
      return kind;
  }
}

function eventTokens(event: ClusterEvent): string {
  switch (event.type) {
    case 'jobStatusChanged':
      return `job.${token(event.jobId)}.${event.to}`;
    case 'executionStateChanged':
      return `task.${token(event.jobId)}.${token(event.vertexId)}.${event.subtaskIndex}.${event.to}`;
    case 'taskManagerStateChanged':
      return `taskmanager.${token(event.taskManagerId)}.${event.to}`;
    case 'alertChanged':
      return `alert.${token(event.alert.rule)}.${event.alert.status}`;
    case 'leaderChanged':
      return `leader.${event.epoch}`;
  }
}

function token(value: string): string {
  assert(isId(value), `"${value}" cannot be a subject token`);
  return value;
}
