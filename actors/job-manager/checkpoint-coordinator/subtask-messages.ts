import type { Epoch, JobId } from '../../../src/base/ids.ts';
import type { CheckpointEffect } from '../../../src/control/checkpoints/state.ts';
import type { ExecutionRef } from '../../../src/control/scheduler/state.ts';
import { subtaskReply } from '../../../src/protocol/subtask.ts';
import { BRIEF, PERSISTENT, ask } from '../../messaging/ask.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';

const NOTICES = {
  takeUnaligned: 'takeUnaligned',
  notifyComplete: 'notifyCheckpointComplete',
  notifyAborted: 'notifyCheckpointAborted',
} as const;

export type Trigger = Extract<CheckpointEffect, { type: 'trigger' | 'triggerLate' }>;
export type Notice = Extract<CheckpointEffect, { type: keyof typeof NOTICES }>;

/** Which job's subtasks are spoken to, and under which leader. */
export interface Sender {
  readonly jobId: JobId;
  readonly epoch: Epoch;
}

/** What the checkpoint-coordinator tells subtasks; each is asked until it answers, or is not the active attempt any more. */
export class SubtaskMessages {
  readonly #environment: ActorEnvironment;
  readonly #isActive: (ref: ExecutionRef) => boolean;

  constructor(environment: ActorEnvironment, isActive: (ref: ExecutionRef) => boolean) {
    this.#environment = environment;
    this.#isActive = isActive;
  }

  /** @throws what kept it from being told, after some tries: the checkpoint then cannot be */
  async trigger(
    sender: Sender,
    ref: ExecutionRef,
    { checkpointId, timestamp, flags, location }: Trigger,
  ): Promise<void> {
    const { attempt } = ref;
    const { epoch } = sender;
    const message = {
      type: 'triggerCheckpoint' as const,
      epoch,
      attempt,
      checkpointId,
      timestamp,
      flags,
      location,
    };
    await ask(this.#environment, this.#subject(sender, ref), message, subtaskReply, {
      ...BRIEF,
      wanted: () => this.#isActive(ref),
    });
  }

  /** Never fails: a subtask that has ended meanwhile has what it had to commit in the checkpoint. */
  async notify(sender: Sender, ref: ExecutionRef, { type, checkpointId }: Notice): Promise<void> {
    const message = { type: NOTICES[type], epoch: sender.epoch, attempt: ref.attempt, checkpointId };
    try {
      await ask(this.#environment, this.#subject(sender, ref), message, subtaskReply, {
        ...PERSISTENT,
        wanted: () => this.#isActive(ref),
      });
    } catch (error) {
      this.#environment.logger.debug('subtask not told of a checkpoint', { ...ref, checkpointId, error });
    }
  }

  #subject({ jobId, epoch }: Sender, { attempt, vertexId, subtaskIndex }: ExecutionRef): string {
    return this.#environment.subjects.subtask(jobId, epoch, attempt, vertexId, subtaskIndex);
  }
}
