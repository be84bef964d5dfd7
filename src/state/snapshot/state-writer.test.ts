import { expect, it } from 'vitest';
import { ExternalError } from '../../base/errors.ts';
import type { SnapshotFile } from '../../ports/snapshot-store.ts';
import type { StateInfo } from './format.ts';
import { StateWriter } from './state-writer.ts';

/** A file whose writes fail from the given one on, and which tells how it ended. */
function failingFile(failsAt: number): SnapshotFile & { readonly ends: string[] } {
  const ends: string[] = [];
  let writes = 0;
  return {
    ends,
    write: async () => {
      if (writes++ >= failsAt) throw new ExternalError('the disk is full');
    },
    close: async () => void ends.push('closed'),
    abort: async () => void ends.push('aborted'),
  };
}

it.each([
  ['state', 0],
  ['the index', 1],
])('when writing %s fails, then finish throws it and the file is given up', async (_, failsAt) => {
  const file = failingFile(failsAt);
  const states: StateInfo[] = [{ name: 'count', kind: 'value', scope: 'key', ttl: false }];
  const writer = new StateWriter(Promise.resolve(file), states, { start: 0, end: 15 }, 16);
  writer.put(0, 3, 'key', 1);
  await expect(writer.finish()).rejects.toThrow('the disk is full');
  expect(file.ends).toEqual(['aborted']);
});
