import { describe, expect, it } from 'vitest';
import { jobArguments } from './job-arguments.ts';

describe('jobArguments', () => {
  it('when names have values, none, or both in one word, then all become job parameters', () => {
    expect(
      jobArguments(['--events', '10', '-drift', '-1.5', '--fast', '--title=a=b', '--path', '/x']),
    ).toEqual(
      ['events=10', 'drift=-1.5', 'fast=true', 'title=a=b', 'path=/x'].map(
        (pair) => `pipeline.global-job-parameters.${pair}`,
      ),
    );
  });

  it('when a word belongs to no name, then it is refused with how to write it', () => {
    expect(() => jobArguments(['10'])).toThrow('write --name 10');
    expect(() => jobArguments(['--a', '1', '2'])).toThrow('"2"');
  });
});
