import type { SpillFile, SpillFiles } from '../../ports/spill-files.ts';

/** Spilled records in memory: for tests and simulations. */
export class MemorySpillFiles implements SpillFiles {
  /** Files that were not removed. */
  open = 0;
  /** Files ever made. */
  created = 0;

  create(): Promise<SpillFile> {
    this.open += 1;
    this.created += 1;
    let parts: Uint8Array[] = [];
    let removed = false;
    return Promise.resolve({
      append: async (bytes: Uint8Array): Promise<void> => void parts.push(bytes.slice()),
      read: async (position: number, length: number): Promise<Uint8Array> => {
        if (parts.length > 1) parts = [Uint8Array.from(Buffer.concat(parts))];
        return (parts[0] ?? new Uint8Array(0)).slice(position, position + length);
      },
      remove: async (): Promise<void> => {
        if (!removed) this.open -= 1;
        removed = true;
        parts = [];
      },
    });
  }
}
