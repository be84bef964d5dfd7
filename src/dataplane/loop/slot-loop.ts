import { IDLE_SLEEP_MAX_MS, STEP_BUDGET_MS } from '../../base/limits.ts';
import type { Task } from '../task/task.ts';
import type { LoopDriver } from './loop-driver.ts';

/** What becomes of a task. Exactly one of `onFinished` and `onFailed` is called, after the task was closed, unless it was removed. */
export interface TaskListener {
  /** The task is open: it takes records from now on. */
  onRunning?(): void;
  onFinished(): void;
  /** Opening, a step or closing failed. */
  onFailed(error: unknown): void;
}

interface Entry {
  readonly task: Task;
  readonly listener: TaskListener;
  state: 'opening' | 'running' | 'closing';
  /** Settles when the task is closed. */
  closed: Promise<void> | undefined;
}

/**
 * Runs the tasks of one slot by turns in one thread (Hazelcast Jet's tasklets): each step is short and never blocks,
 * between rounds other events have their turn, and when no task can do anything the loop sleeps until it is woken.
 */
export class SlotLoop {
  readonly #driver: LoopDriver;
  readonly #entries = new Map<Task, Entry>();
  #scheduled = false;
  #stopped = false;

  constructor(driver: LoopDriver) {
    this.#driver = driver;
  }

  /** Opens the task, steps it until it finishes or fails, and closes it. */
  add(task: Task, listener: TaskListener): void {
    const entry: Entry = { task, listener, state: 'opening', closed: undefined };
    this.#entries.set(task, entry);
    void task.open().then(
      () => this.#opened(entry),
      (error: unknown) => this.#fail(entry, error),
    );
  }

  /** Stops the task and closes it as aborted; its listener hears nothing more. Resolves when it is closed. */
  async remove(task: Task): Promise<void> {
    const entry = this.#entries.get(task);
    if (entry === undefined) return;
    if (entry.state === 'closing') await entry.closed;
    else await this.#close(entry, true).catch(() => {});
  }

  /** Removes all tasks and releases the driver. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#entries.keys()].map((task) => this.remove(task)));
    this.#driver.close();
  }

  /** A task may have work again. */
  wake(): void {
    this.#driver.wake();
  }

  #opened(entry: Entry): void {
    if (entry.state !== 'opening') return;
    entry.state = 'running';
    entry.listener.onRunning?.();
    this.#driver.wake();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#driver.yield(this.#round);
  }

  readonly #round = (): void => {
    this.#scheduled = false;
    if (this.#stopped) return;
    if (this.#stepAll()) return this.#schedule();
    if (![...this.#entries.values()].some(({ state }) => state === 'running')) return;
    this.#driver.arm();
    // What became work before `arm` rang no bell: look once more.
    if (this.#stepAll()) {
      this.#driver.disarm();
      return this.#schedule();
    }
    this.#scheduled = true;
    this.#driver.sleep(this.#round, IDLE_SLEEP_MAX_MS);
  };

  /** One step of each task; true when any made progress. */
  #stepAll(): boolean {
    let progress = false;
    for (const entry of this.#entries.values()) {
      if (entry.state === 'running' && this.#step(entry)) progress = true;
    }
    return progress;
  }

  #step(entry: Entry): boolean {
    try {
      const result = entry.task.step(STEP_BUDGET_MS);
      switch (result) {
        case 'progress':
          return true;
        case 'blocked':
          return false;
        case 'finished':
          this.#finish(entry);
          return true;
      }
    } catch (error) {
      this.#fail(entry, error);
      return true;
    }
  }

  #finish(entry: Entry): void {
    void this.#close(entry, false).then(
      () => entry.listener.onFinished(),
      (error: unknown) => entry.listener.onFailed(error),
    );
  }

  #fail(entry: Entry, error: unknown): void {
    if (entry.state === 'closing') return;
    // What closing throws after a failure says less than the failure itself.
    void this.#close(entry, true)
      .catch(() => {})
      .then(() => entry.listener.onFailed(error));
  }

  #close(entry: Entry, aborted: boolean): Promise<void> {
    entry.state = 'closing';
    const closing = entry.task.close(aborted).finally(() => this.#entries.delete(entry.task));
    entry.closed = closing.catch(() => {});
    return closing;
  }
}
