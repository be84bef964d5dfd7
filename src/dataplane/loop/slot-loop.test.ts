import { describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { createDoorbell, Doorbell } from '../exchange/doorbell.ts';
import { newCounters } from '../task/new-counters.ts';
import type { StepResult, Task, TaskDescriptor } from '../task/index.ts';
import type { LoopDriver } from './loop-driver.ts';
import { SimulatedLoopDriver } from './simulated-loop.ts';
import { SlotLoop } from './slot-loop.ts';
import { ThreadLoopDriver } from './thread-loop.adapter.ts';

/** A task that does what its script says, then blocks; `log` gets its calls. */
class ScriptedTask implements Task {
  readonly descriptor = {} as TaskDescriptor;
  readonly counters = newCounters();
  readonly #name: string;
  readonly #log: string[];
  readonly script: (StepResult | Error)[];
  steps = 0;

  constructor(name: string, log: string[], script: (StepResult | Error)[] = []) {
    this.#name = name;
    this.#log = log;
    this.script = script;
  }

  open(): Promise<void> {
    this.#log.push(`${this.#name} open`);
    return Promise.resolve();
  }

  step(): StepResult {
    this.steps += 1;
    const result = this.script.shift() ?? 'blocked';
    if (result instanceof Error) throw result;
    if (result !== 'blocked') this.#log.push(`${this.#name} ${result}`);
    return result;
  }

  addSplits(): void {}

  collectMetrics(): [] {
    return [];
  }

  triggerCheckpoint(): void {}

  takeUnaligned(): void {}

  notifyCheckpointComplete(): void {}

  notifyCheckpointAborted(): void {}

  notifyNoMoreSplits(): void {}

  close(aborted: boolean): Promise<void> {
    this.#log.push(`${this.#name} close ${String(aborted)}`);
    return Promise.resolve();
  }
}

function listen(name: string, log: string[]) {
  return {
    onRunning: () => void log.push(`${name} onRunning`),
    onFinished: () => void log.push(`${name} onFinished`),
    onFailed: (error: unknown) => void log.push(`${name} onFailed ${(error as Error).message}`),
  };
}

describe('SlotLoop', () => {
  const clock = new SimulatedClock();

  it('when tasks have work, then they take turns; one that finishes or fails is closed and the others go on', async () => {
    const log: string[] = [];
    const loop = new SlotLoop(new SimulatedLoopDriver(clock));
    const a = new ScriptedTask('a', log, ['progress', 'progress', 'finished']);
    const b = new ScriptedTask('b', log, ['progress', new Error('broken')]);
    const c = new ScriptedTask('c', log, ['progress', 'progress', 'progress', 'progress']);
    for (const [name, task] of Object.entries({ a, b, c })) loop.add(task, listen(name, log));
    await clock.runFor(50);
    expect(log).toEqual([
      ...['a open', 'b open', 'c open', 'a onRunning', 'b onRunning', 'c onRunning'],
      ...[
        'a progress',
        'b progress',
        'c progress',
        'a progress',
        'b close true',
        'c progress',
        'b onFailed broken',
      ],
      ...['a finished', 'a close false', 'c progress', 'a onFinished', 'c progress'],
    ]);
    await loop.stop();
    expect([log.at(-1), clock.timers]).toEqual(['c close true', []]);
  });

  it('when all tasks are blocked, then the loop sleeps, and a wake makes it step again at once', async () => {
    const log: string[] = [];
    const loop = new SlotLoop(new SimulatedLoopDriver(clock));
    const task = new ScriptedTask('a', log);
    loop.add(task, listen('a', log));
    await clock.runFor(10);
    const before = task.steps;
    await clock.runFor(50);
    expect(task.steps).toBe(before);
    task.script.push('progress');
    loop.wake();
    await clock.runFor(2);
    expect(log.at(-1)).toBe('a progress');
    await loop.stop();
  });

  it('when opening fails, then the task is closed and its listener told; when removed while opening, then it hears nothing', async () => {
    const log: string[] = [];
    const loop = new SlotLoop(new SimulatedLoopDriver(clock));
    const failing = new ScriptedTask('a', log);
    failing.open = () => Promise.reject(new Error('no channel'));
    const removed = new ScriptedTask('b', log);
    loop.add(failing, listen('a', log));
    loop.add(removed, listen('b', log));
    await loop.remove(removed);
    await clock.runFor(50);
    expect(log.toSorted()).toEqual(['a close true', 'a onFailed no channel', 'b close true', 'b open']);
    await loop.stop();
  });
});

describe('ThreadLoopDriver', () => {
  it('when another doorbell holder rings, then a sleeping loop steps without waiting for its longest sleep', async () => {
    const memory = createDoorbell();
    const driver: LoopDriver = new ThreadLoopDriver(memory);
    const loop = new SlotLoop(driver);
    const log: string[] = [];
    const task = new ScriptedTask('a', log, ['progress']);
    const finished = new Promise<void>((resolve) => {
      loop.add(task, { ...listen('a', log), onFinished: () => resolve() });
    });
    const bell = new Doorbell(memory);
    // Sleeping once the cell says so.
    while (Atomics.load(bell.cell, 0) === 0) await new Promise((resolve) => setImmediate(resolve));
    task.script.push('progress', 'finished');
    bell.ring();
    await finished;
    await loop.stop();
    expect(log).toEqual(['a open', 'a onRunning', 'a progress', 'a progress', 'a finished', 'a close false']);
  });
});
