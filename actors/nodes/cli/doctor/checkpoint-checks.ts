import type { Configuration } from '../../../../src/config/configuration.ts';
import { OPTIONS } from '../../../../src/config/options.ts';
import { duration } from '../table.ts';
import { Findings } from './finding.ts';
import type { Finding } from './finding.ts';

/** The guide's interval for production is 60 to 120 s; what is far from it costs throughput, or long replays. */
const SHORT_INTERVAL_MS = 10_000;
const LONG_INTERVAL_MS = 600_000;

/** Whether state survives, and where it is kept. */
export function checkpointChecks(configuration: Configuration): readonly Finding[] {
  const findings = new Findings('Checkpoints');
  interval(configuration, findings);
  storage(configuration, findings);
  retention(configuration, findings);
  tolerance(configuration, findings);
  return findings.list;
}

function interval(configuration: Configuration, findings: Findings): void {
  const { key } = OPTIONS.checkpointInterval;
  const every = configuration.get(OPTIONS.checkpointInterval);
  if (every === undefined) {
    findings.problem(
      'no checkpoints are taken',
      `after a failure every job begins anew, without its state: set ${key}, to 60 s for example (a job may do so itself)`,
    );
    return;
  }
  if (every < SHORT_INTERVAL_MS)
    findings.advise(
      `a checkpoint every ${duration(every)}`,
      `each one costs all tasks some work: 60 to 120 s is usual, set ${key}`,
    );
  else if (every > LONG_INTERVAL_MS)
    findings.advise(
      `a checkpoint every ${duration(every)}`,
      `after a failure up to that much is processed again: 60 to 120 s is usual, set ${key}`,
    );
  else findings.ok(`a checkpoint every ${duration(every)}`);
  const timeout = configuration.get(OPTIONS.checkpointTimeout);
  findings.check(timeout >= every, `each has ${duration(timeout)} to complete`, [
    `each has only ${duration(timeout)} to complete`,
    `large state takes longer than the pause between two: set ${OPTIONS.checkpointTimeout.key} to 10 min or more`,
  ]);
  const mode = configuration.get(OPTIONS.checkpointMode);
  findings.check(mode === 'EXACTLY_ONCE', 'mode EXACTLY_ONCE', [
    `mode ${mode}`,
    `after a failure some records count twice: set ${OPTIONS.checkpointMode.key} to EXACTLY_ONCE unless the job can bear it`,
  ]);
}

function storage(configuration: Configuration, findings: Findings): void {
  const { key } = OPTIONS.checkpointDirectory;
  const directory = configuration.get(OPTIONS.checkpointDirectory);
  if (directory === undefined)
    findings.problem(
      'checkpoints go to the NATS object store',
      `that is for development: set ${key} to s3://bucket/prefix, or a path on storage that all nodes share`,
    );
  else if (directory.startsWith('s3://')) findings.ok(`checkpoints go to ${directory}`);
  else if (directory.startsWith('nats-objects:'))
    findings.problem(
      `checkpoints go to ${directory}`,
      `that is for development: set ${key} to s3://bucket/prefix`,
    );
  else
    findings.advise(
      `checkpoints go to ${directory}`,
      'this path must lead to the same storage on every node, and outlive each of them; s3://bucket/prefix does',
    );
  const savepoints = configuration.get(OPTIONS.savepointDirectory);
  findings.check(savepoints !== undefined, `savepoints go to ${savepoints ?? ''}`, [
    'savepoints have no place of their own',
    `each "millrace savepoint" and "stop" has to name one: set ${OPTIONS.savepointDirectory.key}`,
  ]);
}

function retention(configuration: Configuration, findings: Findings): void {
  const { key } = OPTIONS.checkpointRetention;
  const kept = configuration.get(OPTIONS.checkpointRetention);
  findings.check(
    kept === 'RETAIN_ON_CANCELLATION',
    'the last checkpoint of a canceled or failed job is kept',
    [
      `the last checkpoint goes with its job (${kept})`,
      `a job that was canceled or has failed cannot go on from it: set ${key} to RETAIN_ON_CANCELLATION`,
    ],
  );
}

function tolerance(configuration: Configuration, findings: Findings): void {
  const { key } = OPTIONS.checkpointTolerableFailed;
  const tolerated = configuration.get(OPTIONS.checkpointTolerableFailed);
  findings.check(tolerated > 0, `${tolerated} checkpoints in a row may fail`, [
    'one checkpoint that fails restarts its job',
    `a short trouble of the storage then costs a restart: set ${key} to 3 for example`,
  ]);
}
