import type { SnapshotStore } from '../../../ports/snapshot-store.ts';
import { MemorySnapshotStore } from '../../../storage/memory/snapshot-store.ts';

/** A store of which reads can be held back. */
export class HeldStore {
  readonly files = new MemorySnapshotStore();
  reads = 0;
  waiting: (() => void)[] = [];
  holds = false;

  get store(): SnapshotStore {
    const { files } = this;
    return {
      location: files.location,
      create: (path) => files.create(path),
      size: (path) => files.size(path),
      createExclusive: (path, content) => files.createExclusive(path, content),
      list: (folder) => files.list(folder),
      delete: (paths) => files.delete(paths),
      read: async (path, offset, length) => {
        this.reads += 1;
        if (this.holds) await new Promise<void>((resolve) => this.waiting.push(resolve));
        return files.read(path, offset, length);
      },
    };
  }

  /** Lets what is held back through. */
  async letThrough(): Promise<void> {
    for (const go of this.waiting.splice(0)) go();
    await turns();
  }
}

/** Long enough for whatever does not wait for a store or a clock. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
}
