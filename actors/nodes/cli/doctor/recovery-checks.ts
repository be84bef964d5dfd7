import type { Configuration } from '../../../../src/config/configuration.ts';
import { OPTIONS } from '../../../../src/config/options.ts';
import { duration } from '../table.ts';
import { Findings } from './finding.ts';
import type { Finding } from './finding.ts';

/** Whether jobs come back after failures, and lost partners are noticed. */
export function recoveryChecks(configuration: Configuration): readonly Finding[] {
  const findings = new Findings('Recovery');
  restarts(configuration, findings);
  heartbeats(configuration, findings);
  leadership(configuration, findings);
  return findings.list;
}

function restarts(configuration: Configuration, findings: Findings): void {
  const { key } = OPTIONS.restartStrategy;
  const strategy = configuration.get(OPTIONS.restartStrategy);
  if (strategy === 'none') {
    findings.problem(
      'jobs never restart',
      `the first lost TaskManager ends them: set ${key} to exponential-delay`,
    );
    return;
  }
  if (strategy === 'fixed-delay') {
    const attempts = configuration.get(OPTIONS.fixedDelayAttempts);
    const found = `a job restarts ${attempts} time${attempts === 1 ? '' : 's'} at most (fixed-delay)`;
    findings.check(attempts >= 3, found, [
      found,
      `that is soon used up: set ${OPTIONS.fixedDelayAttempts.key} to 3 or more, or ${key} to exponential-delay`,
    ]);
    return;
  }
  if (!configuration.has(OPTIONS.restartStrategy))
    findings.advise(
      'jobs restart after failures of machines and network only',
      `a failure of user code ends its job: set ${key} to exponential-delay where that may pass`,
    );
  else findings.ok(`jobs restart (${strategy})`);
}

function heartbeats(configuration: Configuration, findings: Findings): void {
  const every = configuration.get(OPTIONS.heartbeatInterval);
  const silence = configuration.get(OPTIONS.heartbeatTimeout);
  const found = `a silent partner is lost after ${duration(silence)}, heartbeats come every ${duration(every)}`;
  if (silence < 2 * every)
    findings.problem(
      found,
      `one lost message restarts jobs: ${OPTIONS.heartbeatTimeout.key} should be several times ${OPTIONS.heartbeatInterval.key}`,
    );
  else findings.ok(found);
}

function leadership(configuration: Configuration, findings: Findings): void {
  const { key } = OPTIONS.highAvailability;
  if (configuration.get(OPTIONS.highAvailability) !== 'NONE')
    return findings.ok('several JobManagers may stand by');
  findings.advise(
    'nobody stands by for the JobManager',
    `when it dies, jobs wait until something starts the next one: set ${key} to nats and start two, unless a supervisor restarts it`,
  );
}
