import { MIN_WATERMARK } from '../../base/time.ts';
import { ListStateDescriptor } from '../../functions/state.ts';
import type { ListState } from '../../functions/state.ts';
import type { InMemoryOperatorStateStore } from '../../state/index.ts';

/**
 * How far a window operator has fired, in its checkpoints: a window that has fired and still takes late records does not fire
 * again because its state was read back. Each subtask gets what all of them had, and begins with the least.
 */
export class WindowProgress {
  /** Event time, or wall time, up to which windows have fired; MIN_WATERMARK where the job begins anew. */
  readonly restored: number;
  readonly #state: ListState<number>;

  constructor(store: InMemoryOperatorStateStore) {
    this.#state = store.getUnionListState(new ListStateDescriptor<number>('watermark'));
    const saved = this.#state.get();
    this.restored = saved.length === 0 ? MIN_WATERMARK : Math.min(...saved);
    this.#state.clear();
  }

  save(watermark: number): void {
    this.#state.update([watermark]);
  }
}
