import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../base/errors.ts';
import { Configuration } from './configuration.ts';
import { jobManagerMemory, sizesJobManager } from './job-manager-memory.ts';
import type { JobManagerMemory } from './job-manager-memory.ts';

const MB = 1024 ** 2;
const GB = 1024 ** 3;

const configured = (entries: Record<string, string>): Configuration =>
  Configuration.of(Object.entries(entries).map(([key, value]) => [`jobmanager.memory.${key}`, value]));
const of = (entries: Record<string, string>, ownHeap = 2 * GB): JobManagerMemory =>
  jobManagerMemory(configured(entries), ownHeap);
const inMegabytes = (memory: JobManagerMemory): Record<string, number> =>
  Object.fromEntries(Object.entries(memory).map(([part, bytes]) => [part, Math.round(bytes / MB)]));

function adds({ process, flink, heap, offHeap, metaspace, overhead }: JobManagerMemory): void {
  expect(heap + offHeap).toBe(flink);
  expect(flink + metaspace + overhead).toBe(process);
}

describe('the memory of a JobManager', () => {
  it("when only the process is given, then the parts are those of Flink's shipped configuration", () => {
    const memory = of({ 'process.size': '1600 mb' });
    expect(inMegabytes(memory)).toEqual({
      process: 1_600,
      flink: 1_152,
      heap: 1_024,
      offHeap: 128,
      metaspace: 256,
      overhead: 192,
    });
    adds(memory);
  });

  it.each([
    [{ 'flink.size': '1280 mb' }, { heap: 1_152, offHeap: 128, overhead: 192, process: 1_728 }],
    [{ 'heap.size': '1 gb' }, { flink: 1_152, offHeap: 128, process: 1_600 }],
    [{ 'flink.size': '1 gb', 'heap.size': '800 mb' }, { offHeap: 224 }],
    [
      { 'heap.size': '1 gb', 'process.size': '2 gb' },
      { overhead: 640, process: 2_048 },
    ],
    [{ 'flink.size': '12 gb' }, { overhead: 1_024 }],
    [{}, { heap: 2_048, flink: 2_176, metaspace: 256, overhead: 270 }],
  ])('when %j is given, then the others follow', (entries, expected) => {
    const memory = of(entries as Record<string, string>);
    expect(inMegabytes(memory)).toMatchObject(expected);
    adds(memory);
  });

  it('when a size is given, then the heap has that limit; with parts alone it has that of V8', () => {
    for (const key of ['process.size', 'flink.size', 'heap.size'])
      expect(sizesJobManager(configured({ [key]: '2 gb' }))).toBe(true);
    expect(sizesJobManager(Configuration.of([['jobmanager.heap.size', '2 gb']]))).toBe(true);
    expect(sizesJobManager(configured({ 'off-heap.size': '1 gb' }))).toBe(false);
  });

  it.each([
    [
      { 'process.size': '500 mb' },
      /process\.size: of 500 MB, beside off-heap 128 MB.*heap is too little.*raise/,
    ],
    [{ 'flink.size': '150 mb' }, /flink\.size: of 150 MB, beside off-heap 128 MB, 22 MB for the heap/],
    [{ 'heap.size': '10 mb' }, /heap\.size: 10 MB for the heap is too little/],
    [
      { 'flink.size': '1 gb', 'heap.size': '1 gb', 'off-heap.size': '1 gb' },
      /not the sum of jobmanager\.memory\.heap\.size.*leave one of the three/,
    ],
    [{ 'flink.size': '1 gb', 'heap.size': '2 gb' }, /is not the sum/],
    [{ 'flink.size': '1 gb', 'process.size': '8 gb' }, /leave 6,912 MB for overhead.*192 MB and 1,024 MB/],
    [{ 'heap.size': '1 gb', 'process.size': '1 gb' }, /jvm-overhead\.min, max.*leave one/],
  ])('when %j is given, then the error names the keys and what to do', (entries, message) => {
    expect(() => of(entries as Record<string, string>)).toThrow(message);
  });

  it('when any sizes are given, then the parts add up, or the error is one of the configuration', () => {
    const size = fc.option(fc.integer({ min: 0, max: 4_000 }));
    fc.assert(
      fc.property(size, size, size, size, (process, flink, heap, offHeap) => {
        const sizes = { process, flink, heap, 'off-heap': offHeap };
        const entries = Object.entries(sizes).flatMap(([key, mb]) =>
          mb === null ? [] : [[`${key}.size`, `${mb} mb`]],
        );
        try {
          adds(of(Object.fromEntries(entries)));
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError);
        }
      }),
    );
  });
});
