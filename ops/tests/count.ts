// Counts what vitest reports. Owns the rule that a run which went wrong can never count as nothing failed.

export interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** The part of vitest's JSON report that is counted. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/**
 * Tests passed and failed. A file that failed although none of its tests did (it did not load, a hook threw) counts as
 * one failure, and so does a run that ended badly for any other reason (an unhandled rejection, a crash, no report).
 *
 * @param exitCode of vitest
 * @param report undefined when vitest wrote none
 */
export function countTests(exitCode: number, report: VitestReport | undefined): Count {
  const brokenFiles = (report?.testResults ?? []).filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const passed = report?.numPassedTests ?? 0;
  const failed = (report?.numFailedTests ?? 0) + brokenFiles;
  return { passed, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}

export function sum(counts: readonly Count[]): Count {
  return {
    passed: counts.reduce((total, { passed }) => total + passed, 0),
    failed: counts.reduce((total, { failed }) => total + failed, 0),
  };
}
