import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCheckpointFile, sweep } from './sweep.ts';
import type { SweepMark } from './sweep.ts';

const MARK: SweepMark = { unreferenced: new Set(['shared/a', 'shared/b']), nextId: 5 };

describe('sweep', () => {
  it('when files are seen for the first time, then none is an orphan, and those without a reference are noted', () => {
    const { orphans, mark } = sweep({
      before: undefined,
      listed: ['shared/a', 'shared/c', 'log/decisions/1'],
      referenced: new Set(['shared/c']),
      completedId: undefined,
      nextId: 7,
    });
    expect(orphans).toEqual([]);
    expect(mark).toEqual({ unreferenced: new Set(['shared/a']), nextId: 7 });
  });

  it('when the checkpoint just completed began before the files were listed, then it proves nothing', () => {
    const input = { listed: ['shared/a'], referenced: new Set<string>(), nextId: 9 };
    expect(sweep({ ...input, before: MARK, completedId: 4 })).toEqual({ orphans: [], mark: MARK });
    expect(sweep({ ...input, before: MARK, completedId: 5 }).orphans).toEqual(['shared/a']);
  });

  it('when a file without a reference has got one meanwhile, then it stays', () => {
    const { orphans, mark } = sweep({
      before: MARK,
      listed: ['shared/a', 'shared/b', 'shared/c'],
      referenced: new Set(['shared/b']),
      completedId: 6,
      nextId: 8,
    });
    expect(orphans).toEqual(['shared/a']);
    expect(mark.unreferenced).toEqual(new Set(['shared/c']));
  });

  it('when files are not of checkpoints, then they are never orphans', () => {
    const kept = ['log/decisions/3', 'savepoint-1/_metadata', 'savepoint-1/ab', 'shared/x/ab', 'chk-1/other'];
    expect(kept.filter(isCheckpointFile)).toEqual([]);
    expect(['shared/0f', 'chk-12/_metadata'].every(isCheckpointFile)).toBe(true);
  });

  it('when subtasks write, acknowledge and lose files in any order, then none that a checkpoint refers to is swept', () => {
    const step = fc.record({
      /** Per subtask: whether it writes a base or a delta, and whether its part of the checkpoint becomes known. */
      parts: fc.array(fc.record({ base: fc.boolean(), acknowledged: fc.boolean() }), {
        minLength: 2,
        maxLength: 2,
      }),
      sweeps: fc.boolean(),
      restart: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        expect(missing(steps)).toEqual([]);
      }),
    );
  });
});

interface Step {
  readonly parts: readonly { readonly base: boolean; readonly acknowledged: boolean }[];
  readonly sweeps: boolean;
  readonly restart: boolean;
}

/** Two subtasks with chains of files; a checkpoint stands when both acknowledge. @returns what the last one misses */
function missing(steps: readonly Step[]): readonly string[] {
  const store = new Set<string>();
  let chains: string[][] = [[], []];
  let [mark, standing]: [SweepMark | undefined, readonly string[]] = [undefined, []];
  for (const [index, { parts, sweeps, restart }] of steps.entries()) {
    const id = index + 1;
    if (restart) chains = [[], []];
    for (const [subtask, { base, acknowledged }] of parts.entries()) {
      const file = `shared/${id}${subtask}`;
      store.add(file);
      const before = chains[subtask] ?? [];
      chains[subtask] = acknowledged ? (base ? [file] : [...before, file]) : [];
    }
    if (!parts.every(({ acknowledged }) => acknowledged)) continue;
    standing = chains.flat();
    if (!sweeps) continue;
    const swept = sweep({
      before: mark,
      listed: [...store],
      referenced: new Set(standing),
      completedId: id,
      nextId: id + 1,
    });
    mark = swept.mark;
    for (const path of swept.orphans) store.delete(path);
  }
  return standing.filter((path) => !store.has(path));
}
