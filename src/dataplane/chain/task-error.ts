import { MillraceError } from '../../base/errors.ts';
import { previewRecord } from './record-preview.ts';

export interface TaskErrorDetails {
  readonly operatorName: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  /** What the task was doing: `processing records`, `opening`, `at the end of its input`... */
  readonly phase: string;
  /** The record that entered the chain, if one was in work. */
  readonly record?: { readonly value: unknown };
}

/**
 * A user function, a connector or a channel failed in a task. The domain is that of the cause; what comes out of user
 * code without one counts as `user`, and may be retried where the restart strategy says so.
 */
export class TaskError extends MillraceError {
  readonly operatorName: string;
  readonly subtaskIndex: number;
  /** The record in work, short. */
  readonly recordPreview: string | undefined;

  constructor(details: TaskErrorDetails, cause: unknown) {
    const preview = details.record === undefined ? undefined : previewRecord(details.record.value);
    const message = cause instanceof Error ? cause.message : String(cause);
    const known = cause instanceof MillraceError ? cause : undefined;
    super(
      `operator "${shortName(details.operatorName)}" (subtask ${details.subtaskIndex + 1}/${details.parallelism}) failed ` +
        `${details.phase}${preview === undefined ? '' : `, input record ${preview}`}: ${message}`,
      { domain: known?.domain ?? 'user', retryable: known?.retryable ?? true, cause },
    );
    this.operatorName = details.operatorName;
    this.subtaskIndex = details.subtaskIndex;
    this.recordPreview = preview;
  }
}

const NAME_CHARS = 200;

function shortName(name: string): string {
  return name.length > NAME_CHARS ? `${name.slice(0, NAME_CHARS)}...` : name;
}
