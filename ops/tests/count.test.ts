import { describe, expect, it } from 'vitest';
import { countTests, failures, sum, type VitestReport } from './count.ts';

function report(...files: { status: string; tests: string[] }[]): VitestReport {
  const all = files.flatMap(({ tests }) => tests);
  return {
    numPassedTests: all.filter((status) => status === 'passed').length,
    numFailedTests: all.filter((status) => status === 'failed').length,
    testResults: files.map(({ status, tests }) => ({
      status,
      assertionResults: tests.map((test) => ({ status: test })),
    })),
  };
}

describe('countTests', () => {
  it('when all tests pass then nothing failed', () => {
    expect(countTests(0, report({ status: 'passed', tests: ['passed', 'passed', 'skipped'] }))).toEqual({
      passed: 2,
      failed: 0,
    });
  });

  it('when tests fail then each counts once, not their file as well', () => {
    expect(countTests(1, report({ status: 'failed', tests: ['passed', 'failed', 'failed'] }))).toEqual({
      passed: 1,
      failed: 2,
    });
  });

  it('when a file does not load then it counts as one failure beside the others', () => {
    const files = [
      { status: 'failed', tests: [] },
      { status: 'failed', tests: ['failed'] },
    ];
    expect(countTests(1, report(...files))).toEqual({ passed: 0, failed: 2 });
  });

  it('when a hook fails and its tests are skipped then the file counts as a failure', () => {
    expect(countTests(1, report({ status: 'failed', tests: ['skipped'] }))).toEqual({ passed: 0, failed: 1 });
  });

  it('when vitest ends badly though every test passed then that is a failure', () => {
    expect(countTests(1, report({ status: 'passed', tests: ['passed'] }))).toEqual({ passed: 1, failed: 1 });
  });

  it('when there is no report then the exit code decides', () => {
    expect(countTests(0, undefined)).toEqual({ passed: 0, failed: 0 });
    expect(countTests(134, undefined)).toEqual({ passed: 0, failed: 1 });
  });
});

describe('failures', () => {
  it('when tests and files failed then each is named with the first line of its reason', () => {
    const testResults = [
      {
        name: 'a.test.ts',
        status: 'failed',
        assertionResults: [
          { status: 'passed', fullName: 'adds' },
          {
            status: 'failed',
            fullName: 'divides',
            failureMessages: ['expected 1 to be 2\n  at a.test.ts:3'],
          },
        ],
      },
      { name: 'b.test.ts', status: 'failed', message: 'Cannot find b', assertionResults: [] },
    ];
    expect(failures({ numPassedTests: 1, numFailedTests: 1, testResults })).toEqual([
      'a.test.ts: divides: expected 1 to be 2',
      'b.test.ts: Cannot find b',
    ]);
  });

  it('when there is no report then nothing is named', () => {
    expect(failures(undefined)).toEqual([]);
  });
});

describe('sum', () => {
  it('when counts are added then both columns add up', () => {
    expect(
      sum([
        { passed: 1, failed: 0 },
        { passed: 2, failed: 3 },
      ]),
    ).toEqual({ passed: 3, failed: 3 });
  });
});
