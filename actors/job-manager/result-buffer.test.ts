import { describe, expect, it } from 'vitest';
import { ResultBuffer } from './result-buffer.ts';
import type { RowsPart } from './result-buffer.ts';

function part(subtaskIndex: number, attempt: number, sequence: number, ...rows: unknown[]): RowsPart {
  return { collectId: 'c', vertexId: 'v', subtaskIndex, attempt, sequence, rows };
}

describe('ResultBuffer', () => {
  it('when rows are delivered twice then they are kept once', () => {
    const buffer = new ResultBuffer();
    buffer.add(part(0, 0, 0, 'a'));
    buffer.add(part(0, 0, 0, 'a'));
    buffer.add(part(0, 0, 1, 'b'));
    expect(buffer.read('c', 0, 10)).toEqual({ attempt: 0, rows: ['a', 'b'], end: 2 });
  });

  it('when a region restarts then its rows are voided and those of other regions stay', () => {
    const buffer = new ResultBuffer();
    buffer.add(part(0, 0, 0, 'kept'));
    buffer.add(part(1, 0, 0, 'voided'));
    buffer.discard([{ vertexId: 'v', subtaskIndex: 1 }]);
    expect(buffer.read('c', 0, 10)).toEqual({ attempt: 1, rows: ['kept'], end: 1 });
    buffer.add(part(1, 1, 0, 'again'));
    expect(buffer.read('c', 0, 10).rows).toEqual(['kept', 'again']);
    expect(buffer.size).toBe(2);
  });

  it('when nothing of a restarted region was delivered then clients go on reading', () => {
    const buffer = new ResultBuffer();
    buffer.add(part(0, 0, 0, 'kept'));
    buffer.discard([{ vertexId: 'v', subtaskIndex: 1 }]);
    expect(buffer.read('c', 0, 10).attempt).toBe(0);
  });

  it('when rows are read in portions then none is skipped', () => {
    const buffer = new ResultBuffer();
    buffer.add(part(0, 0, 0, 1, 2, 3, 4, 5));
    expect([0, 2, 4].map((from) => buffer.read('c', from, 2).rows)).toEqual([[1, 2], [3, 4], [5]]);
  });
});
