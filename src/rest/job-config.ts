import { Configuration } from '../config/configuration.ts';
import { OPTIONS } from '../config/options.ts';
import { redacted, redactedParameters } from '../config/redact.ts';
import type { ExecutionGraphInfo } from '../protocol/execution-graph-info.ts';
import type { JobConfig } from './job-schemas.ts';

/** Flink's page of a JobManager's configuration; secrets are masked. */
export function clusterConfig(configuration: Configuration): { key: string; value: string }[] {
  return Object.entries(redacted(configuration)).map(([key, value]) => ({ key, value }));
}

/** Flink's page of how a job is executed; secrets are masked. */
export function jobConfig(job: ExecutionGraphInfo, cluster: Configuration): JobConfig {
  const own = Configuration.of(Object.entries(job.configuration));
  const effective = cluster.with(own);
  return {
    jid: job.jobId,
    name: job.name,
    'execution-config': {
      'execution-mode': 'PIPELINED',
      'restart-strategy': restartText(effective),
      'job-parallelism': effective.get(OPTIONS.parallelism),
      'object-reuse-mode': effective.get(OPTIONS.objectReuse),
      'user-config': { ...redactedParameters(own), ...redacted(own) },
    },
  };
}

function restartText(configuration: Configuration): string {
  switch (configuration.get(OPTIONS.restartStrategy)) {
    case 'none':
      return 'Restart deactivated.';
    case 'fixed-delay':
      return `Restart with fixed delay (${configuration.get(OPTIONS.fixedDelay)} ms). #${configuration.get(OPTIONS.fixedDelayAttempts)} restart attempts.`;
    case 'failure-rate':
      return `Failure rate restart with maximum of ${configuration.get(OPTIONS.failureRateMax)} failures within interval ${configuration.get(OPTIONS.failureRateInterval)} ms and fixed delay ${configuration.get(OPTIONS.failureRateDelay)} ms.`;
    case 'exponential-delay':
      return `Restart with exponential delay: starting at ${configuration.get(OPTIONS.initialBackoff)} ms, increasing by ${configuration.get(OPTIONS.backoffMultiplier)}, with maximum ${configuration.get(OPTIONS.maxBackoff)} ms.`;
  }
}
