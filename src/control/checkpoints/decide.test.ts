import { describe, expect, it } from 'vitest';
import { ExternalError, serializeError } from '../../base/errors.ts';
import type { VertexId } from '../../base/ids.ts';
import {
  acknowledged,
  decided,
  decisionFailed,
  declined,
  drained,
  initialCoordinator,
  requestSnapshot,
  subtasksFinished,
  subtasksStopped,
  tick,
} from './decide.ts';
import type {
  Acknowledgement,
  CheckpointDecision,
  CheckpointEffect,
  CheckpointSettings,
  CompletedCheckpoint,
  CoordinatorState,
  JobView,
  SnapshotRequest,
} from './state.ts';

const SETTINGS: CheckpointSettings = {
  intervalMs: 100,
  timeoutMs: 1_000,
  minPauseMs: 0,
  maxConcurrent: 1,
  tolerableFailed: 0,
  retained: 1,
  unalignedAfterMs: undefined,
  afterTasksFinish: true,
};
const ERROR = serializeError(new ExternalError('disk full'));
const SOURCE = { vertexId: 's' as VertexId, subtaskIndex: 0, attempt: 0 };
const SINK = { vertexId: 't' as VertexId, subtaskIndex: 0, attempt: 0 };

/** A source that feeds a sink. */
function job(source = 'running', sink = 'running', running = true): JobView {
  return {
    running,
    subtasks: [
      { ref: SOURCE, state: source as 'running', upstream: () => [] },
      { ref: SINK, state: sink as 'running', upstream: () => ['s/0'] },
    ],
  };
}

function acknowledgement(channels: Partial<Acknowledgement['channels']> = {}): Acknowledgement {
  return {
    state: { operators: [] },
    assignmentsTaken: 0,
    channels: { sent: {}, received: {}, ...channels },
    metrics: {
      checkpointedBytes: 1,
      stateBytes: 1,
      alignmentMs: 0,
      processedBytes: 0,
      persistedBytes: 0,
      syncMs: 0,
      asyncMs: 0,
      longestPauseMs: 0,
      startDelayMs: 0,
    },
  };
}

const completed = (checkpointId: number, files: string[] = []): CompletedCheckpoint => ({
  checkpointId,
  kind: 'checkpoint',
  path: `chk-${checkpointId}/_metadata`,
  manifestChecksum: '',
  files,
  timestamp: 0,
  durationMs: 1,
  stateBytes: 1,
  checkpointedBytes: 1,
});

const request = (more: Partial<SnapshotRequest> = {}): SnapshotRequest => ({
  requestId: 'r',
  kind: 'savepoint',
  location: '/savepoints/one',
  stop: false,
  drain: false,
  ...more,
});

/** Lets decisions follow each other; keeps all effects. */
class Run {
  state: CoordinatorState;
  readonly effects: CheckpointEffect[] = [];

  constructor(settings: Partial<CheckpointSettings> = {}) {
    this.state = initialCoordinator({ ...SETTINGS, ...settings }, 1, [], 0);
  }

  next(decide: (state: CoordinatorState) => CheckpointDecision): this {
    const { state, effects } = decide(this.state);
    this.state = state;
    this.effects.push(...effects);
    return this;
  }

  tick(now: number, view = job()): this {
    return this.next((state) => tick(state, view, now, now));
  }

  acknowledgeBoth(checkpointId: number): this {
    return this.next((state) => acknowledged(state, SOURCE, checkpointId, acknowledgement(), 0)).next(
      (state) => acknowledged(state, SINK, checkpointId, acknowledgement(), 0),
    );
  }

  get types(): string[] {
    return this.effects.map(({ type }) => type);
  }
}

describe('checkpoint decisions', () => {
  it('when the interval has passed and all subtasks run, then the sources are triggered, and decided when all have acknowledged', () => {
    const run = new Run().tick(99).tick(100).tick(150);
    expect(run.effects).toEqual([
      { type: 'trigger', checkpointId: 1, timestamp: 100, flags: 0, location: '', refs: [SOURCE] },
    ]);
    run.acknowledgeBoth(1);
    expect(run.types).toEqual(['trigger', 'decide']);
    run.next((state) => decided(state, completed(1), 160));
    expect(run.effects.at(-1)).toEqual({ type: 'notifyComplete', checkpointId: 1, refs: [SOURCE, SINK] });
    expect(run.state.counts).toMatchObject({ triggered: 1, completed: 1, failed: 0 });
  });

  it('when a subtask does not run or the job is not running, then nothing is triggered', () => {
    expect(new Run().tick(500, job('running', 'other')).types).toEqual([]);
    expect(new Run().tick(500, job('running', 'running', false)).types).toEqual([]);
  });

  it('when a source has finished, then what it fed is triggered instead', () => {
    const run = new Run().tick(100, job('finished', 'running'));
    expect(run.effects).toMatchObject([{ type: 'trigger', refs: [SINK] }]);
    run.next((state) => acknowledged(state, SINK, 1, acknowledgement(), 0));
    expect(run.types).toEqual(['trigger', 'decide']);
  });

  it('when a source has finished and there are to be no checkpoints then, then none begins, and who asked for one is refused', () => {
    const run = new Run({ afterTasksFinish: false })
      .next((state) => requestSnapshot(state, request()))
      .tick(100, job('finished', 'running'))
      .tick(500, job('finished', 'running'));
    expect(run.effects).toMatchObject([
      {
        type: 'answer',
        result: { error: { message: expect.stringMatching(/after-tasks-finish is false/) } },
      },
    ]);
    expect(run.state.wanted).toEqual([]);
  });

  it('when a source finishes while a checkpoint waits and there are to be none then, then that one still goes unaligned, and no other begins', () => {
    const run = new Run({ afterTasksFinish: false, unalignedAfterMs: 50, maxConcurrent: 2 })
      .tick(100)
      .next((state) => acknowledged(state, SOURCE, 1, acknowledgement(), 0))
      .next((state) => requestSnapshot(state, request()))
      .tick(500, job('finished', 'running'));
    expect(run.effects.slice(1)).toMatchObject([
      {
        type: 'answer',
        requestId: 'r',
        result: { error: { message: expect.stringMatching(/after-tasks-finish is false/) } },
      },
      { type: 'takeUnaligned', checkpointId: 1, refs: [SINK] },
    ]);
    expect(run.state.wanted).toEqual([]);
  });

  it('when acknowledgements are doubled, late or of another attempt, then they change nothing', () => {
    const run = new Run().tick(100);
    const before = run.state;
    run.next((state) => acknowledged(state, { ...SOURCE, attempt: 1 }, 1, acknowledgement(), 0));
    run.next((state) => acknowledged(state, SOURCE, 7, acknowledgement(), 0));
    expect(run.state).toBe(before);
    run.acknowledgeBoth(1).acknowledgeBoth(1);
    expect(run.types).toEqual(['trigger', 'decide']);
  });

  it('when both ends of a channel counted differently, then the checkpoint is given up, not decided', () => {
    const run = new Run()
      .tick(100)
      .next((state) => acknowledged(state, SOURCE, 1, acknowledgement({ sent: { 'e0-0-0': 5 } }), 0))
      .next((state) => acknowledged(state, SINK, 1, acknowledgement({ received: { 'e0-0-0': 4 } }), 0));
    expect(run.types).toEqual(['trigger', 'notifyAborted', 'failJob']);
    expect(JSON.stringify(run.effects)).toContain(
      'e0-0-0 was sent 5 records before the barrier, and brought 4',
    );
  });

  it('when a checkpoint takes too long, then it is given up, its id is not used again, and the job fails beyond what is tolerated', () => {
    const run = new Run({ tolerableFailed: 1 }).tick(100).tick(1_100);
    expect(run.types).toEqual(['trigger', 'notifyAborted', 'trigger']);
    run.tick(2_100);
    expect(run.types.slice(3)).toEqual(['notifyAborted', 'failJob', 'trigger']);
    const ids = run.effects.flatMap((effect) => (effect.type === 'trigger' ? [effect.checkpointId] : []));
    expect(ids).toEqual([1, 2, 3]);
    expect(JSON.stringify(run.effects)).toContain('execution.checkpointing.timeout');
  });

  it('when a subtask declines or the decision cannot be written, then it counts as a failure; a success counts anew', () => {
    const run = new Run({ tolerableFailed: 1 })
      .tick(100)
      .next((state) => declined(state, SINK, 1, ERROR, 110));
    expect(run.state.failures).toBe(1);
    run.tick(200).acknowledgeBoth(2);
    run.next((state) => decisionFailed(state, 2, ERROR, 210));
    expect(run.types).toContain('failJob');
    run.tick(300).acknowledgeBoth(3);
    run.next((state) => decided(state, completed(3), 310));
    expect(run.state.failures).toBe(0);
  });

  it('when subtasks stop, then checkpoints they take part in are given up without blame; one that is being decided is not', () => {
    const collecting = new Run().tick(100).next((state) => subtasksStopped(state, [SINK], 110));
    expect(collecting.types).toEqual(['trigger', 'notifyAborted']);
    expect(collecting.state.failures).toBe(0);
    const deciding = new Run()
      .tick(100)
      .acknowledgeBoth(1)
      .next((state) => subtasksStopped(state, [SINK], 110));
    expect(deciding.types).toEqual(['trigger', 'decide']);
    expect(deciding.state.pending.size).toBe(1);
  });

  it('when a subtask finishes before its barrier, then the checkpoint goes on without it, and what it fed is told to begin', () => {
    const run = new Run().tick(100).next((state) => subtasksFinished(state, [SOURCE], 110));
    expect(run.effects.slice(1)).toMatchObject([{ type: 'triggerLate', checkpointId: 1, refs: [SINK] }]);
    run.next((state) => acknowledged(state, SOURCE, 1, acknowledgement(), 0));
    expect(run.state.pending.get(1)?.finished).toEqual([SOURCE]);
    run.next((state) => acknowledged(state, SINK, 1, acknowledgement(), 0));
    expect(run.types).toEqual(['trigger', 'triggerLate', 'decide']);
  });

  it('when a subtask finishes after it has acknowledged, then nothing changes; when the last one missing does, then it is decided', () => {
    const run = new Run()
      .tick(100)
      .next((state) => acknowledged(state, SOURCE, 1, acknowledgement(), 0))
      .next((state) => subtasksFinished(state, [SOURCE], 110));
    expect(run.types).toEqual(['trigger']);
    run.next((state) => subtasksFinished(state, [SINK], 110));
    expect(run.types).toEqual(['trigger', 'decide']);
  });

  it('when all subtasks finish before their barriers, then the checkpoint is given up without blame', () => {
    const run = new Run().tick(100).next((state) => subtasksFinished(state, [SOURCE, SINK], 110));
    expect(run.effects.at(-1)).toMatchObject({ type: 'notifyAborted', checkpointId: 1, reason: undefined });
    expect(run.state.pending.size).toBe(0);
  });

  it('when a checkpoint completes, then older ones beyond those kept are discarded, but no file that a kept one refers to', () => {
    const run = new Run().tick(100).acknowledgeBoth(1);
    run
      .next((state) => decided(state, completed(1, ['base', 'a']), 110))
      .tick(200)
      .acknowledgeBoth(2);
    run.next((state) => decided(state, completed(2, ['base', 'b']), 210));
    const discard = run.effects.find((effect) => effect.type === 'discard');
    expect(discard).toMatchObject({ checkpoints: [{ checkpointId: 1 }], kept: ['base', 'b'] });
    expect(run.state.completed.map(({ checkpointId }) => checkpointId)).toEqual([2]);
  });

  it('when all subtasks have handed on their last record, then a checkpoint begins at once', () => {
    const run = new Run({ intervalMs: 1_000_000 });
    run.next((state) => drained(state, SOURCE)).tick(5);
    expect(run.types).toEqual([]);
    run.next((state) => drained(state, SINK)).tick(6);
    expect(run.types).toEqual(['trigger']);
  });

  it('when a pause between checkpoints or their number is limited, then the next one waits', () => {
    const paused = new Run({ minPauseMs: 500 }).tick(100).acknowledgeBoth(1);
    paused.next((state) => decided(state, completed(1), 150)).tick(640);
    expect(paused.types.filter((type) => type === 'trigger')).toHaveLength(1);
    paused.tick(650);
    expect(paused.types.filter((type) => type === 'trigger')).toHaveLength(2);
    const two = new Run({ maxConcurrent: 2 }).tick(100).tick(200).tick(300);
    expect(two.types).toEqual(['trigger', 'trigger']);
  });

  it('when a newer checkpoint is being decided, then an older one is given up, also one that was asked for', () => {
    const older: SnapshotRequest = {
      requestId: 'r',
      kind: 'checkpoint',
      location: '',
      stop: false,
      drain: false,
    };
    for (const asked of [false, true]) {
      const run = new Run({ maxConcurrent: 2 });
      if (asked) run.next((state) => requestSnapshot(state, older));
      run.tick(100).tick(200).acknowledgeBoth(2);
      run.acknowledgeBoth(1);
      expect(run.effects.filter(({ type }) => type === 'decide')).toMatchObject([
        { checkpoint: { checkpointId: 2 } },
      ]);
      expect(run.effects).toContainEqual(expect.objectContaining({ type: 'notifyAborted', checkpointId: 1 }));
      expect(run.types.filter((type) => type === 'answer')).toHaveLength(asked ? 1 : 0);
      run.next((state) => decided(state, completed(2), 210));
      expect(run.state.completed.map(({ checkpointId }) => checkpointId)).toEqual([2]);
      expect(run.types.slice(-2)).toEqual(['sweep', 'notifyComplete']);
    }
  });

  it('when a newer checkpoint is complete, then one that was asked for before it is given up, and who asked hears that', () => {
    const run = new Run({ maxConcurrent: 2 });
    run.next((state) =>
      requestSnapshot(state, { requestId: 'r', kind: 'checkpoint', location: '', stop: false, drain: false }),
    );
    run.tick(1).tick(200).acknowledgeBoth(2);
    run.next((state) => decided(state, completed(2), 210)).acknowledgeBoth(1);
    expect(run.state.completed.map(({ checkpointId }) => checkpointId)).toEqual([2]);
    expect(JSON.stringify(run.effects.filter(({ type }) => type === 'answer'))).toContain(
      'or a newer one was',
    );
  });

  it('when unaligned checkpoints wait first, then subtasks that have not acknowledged are told after that time, once', () => {
    const run = new Run({ unalignedAfterMs: 50 }).tick(100).tick(149);
    run
      .next((state) => acknowledged(state, SOURCE, 1, acknowledgement(), 0))
      .tick(150)
      .tick(160);
    expect(run.effects.slice(1)).toEqual([{ type: 'takeUnaligned', checkpointId: 1, refs: [SINK] }]);
  });
});

describe('savepoint decisions', () => {
  it('when a savepoint is asked for, then it begins without waiting for the interval, commits nothing, and is answered', () => {
    const run = new Run({ unalignedAfterMs: 0 }).next((state) => requestSnapshot(state, request())).tick(1);
    expect(run.effects).toMatchObject([{ type: 'trigger', flags: 1, location: '/savepoints/one' }]);
    run.acknowledgeBoth(1);
    run.next((state) => decided(state, { ...completed(1), kind: 'savepoint', path: '/savepoints/one' }, 2));
    expect(run.types).toEqual(['trigger', 'decide', 'answer']);
    expect(run.effects.at(-1)).toEqual({
      type: 'answer',
      requestId: 'r',
      result: { path: '/savepoints/one' },
    });
    expect(run.state.completed).toEqual([]);
  });

  it('when it stops the job, then nothing begins behind it, and what was written is committed', () => {
    const run = new Run()
      .next((state) => requestSnapshot(state, request({ stop: true, drain: true })))
      .tick(1);
    expect(run.effects).toMatchObject([{ type: 'trigger', flags: 7 }]);
    run.tick(5_00).acknowledgeBoth(1);
    run.next((state) => decided(state, { ...completed(1), kind: 'savepoint' }, 501));
    expect(run.types).toEqual(['trigger', 'decide', 'notifyComplete', 'answer']);
    run.next((state) => requestSnapshot(state, request({ requestId: 'again' })));
    expect(run.effects.at(-1)).toMatchObject({ type: 'answer', requestId: 'again', result: { error: {} } });
  });

  it('when subtasks stop while or after the savepoint that stops the job is decided, then checkpoints begin again', () => {
    for (const stopsFirst of [true, false]) {
      const run = new Run()
        .next((state) => requestSnapshot(state, request({ stop: true })))
        .tick(1)
        .acknowledgeBoth(1);
      const stop = (state: CoordinatorState): CheckpointDecision => subtasksStopped(state, [SOURCE, SINK], 2);
      const decide = (state: CoordinatorState): CheckpointDecision =>
        decided(state, { ...completed(1), kind: 'savepoint' }, 3);
      run.next(stopsFirst ? stop : decide).next(stopsFirst ? decide : stop);
      run.tick(500);
      expect(run.types.at(-1)).toBe('trigger');
    }
  });

  it('when it fails, then who asked hears why, the job goes on, and checkpoints begin again', () => {
    const run = new Run().next((state) => requestSnapshot(state, request({ stop: true }))).tick(1);
    run.next((state) => declined(state, SOURCE, 1, ERROR, 2)).tick(200);
    expect(run.types).toEqual(['trigger', 'notifyAborted', 'answer', 'trigger']);
    expect(JSON.stringify(run.effects)).toContain('disk full');
  });
});
