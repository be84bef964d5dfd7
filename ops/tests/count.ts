// Counts what vitest reports. Owns the rule that a run which went wrong can never count as nothing failed.

export interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** The part of vitest's JSON report that is counted. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly FileReport[];
}

interface FileReport {
  readonly name?: string;
  readonly status: string;
  /** Why the file failed, where none of its tests did. */
  readonly message?: string;
  readonly assertionResults: readonly TestReport[];
}

interface TestReport {
  readonly status: string;
  readonly fullName?: string;
  readonly failureMessages?: readonly string[];
}

/**
 * Tests passed and failed. A file that failed although none of its tests did (it did not load, a hook threw) counts as
 * one failure, and so does a run that ended badly for any other reason (an unhandled rejection, a crash, no report).
 *
 * @param exitCode of vitest
 * @param report undefined when vitest wrote none
 */
export function countTests(exitCode: number, report: VitestReport | undefined): Count {
  const brokenFiles = (report?.testResults ?? []).filter(isBroken).length;
  const passed = report?.numPassedTests ?? 0;
  const failed = (report?.numFailedTests ?? 0) + brokenFiles;
  return { passed, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}

/** What failed, each with the beginning of its reason: a long log is read from its end. */
export function failures(report: VitestReport | undefined): string[] {
  return (report?.testResults ?? []).flatMap((file) => {
    const at = file.name ?? 'a file';
    if (isBroken(file)) return [`${at}: ${firstLine(file.message)}`];
    return file.assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => `${at}: ${fullName}: ${firstLine(failureMessages?.[0])}`);
  });
}

function isBroken({ status, assertionResults }: FileReport): boolean {
  return status === 'failed' && !assertionResults.some((test) => test.status === 'failed');
}

function firstLine(message: string | undefined): string {
  return message?.split('\n', 1)[0] || 'no reason given';
}

export function sum(counts: readonly Count[]): Count {
  return {
    passed: counts.reduce((total, { passed }) => total + passed, 0),
    failed: counts.reduce((total, { failed }) => total + failed, 0),
  };
}
