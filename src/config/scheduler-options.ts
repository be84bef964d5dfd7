import { booleanOption, durationOption, enumOption, intOption } from './option.ts';

/** How jobs get their parallelism, and whether it changes while they run. */
export const SCHEDULER_OPTIONS = {
  scheduler: enumOption('jobmanager.scheduler', {
    defaultValue: 'default',
    words: { default: 'default', ng: 'default', adaptive: 'adaptive' },
    refused: { 'adaptive-batch': 'jobs in execution mode BATCH keep their parallelism: leave it out' },
    description:
      'default: a job waits until it has all slots of its parallelism. adaptive: it runs with the slots that there are, its parallelism follows them, and it can be changed while the job runs (PUT /jobs/:jobid/resource-requirements). Of the whole cluster or of one job; jobs in execution mode BATCH keep their parallelism.',
  }),
  adaptiveScheduler: booleanOption('jobmanager.adaptive-scheduler.enabled', {
    defaultValue: false,
    description: 'As `jobmanager.scheduler: adaptive`.',
  }),
  rescaleCooldown: durationOption('jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling', {
    defaultValue: 30_000,
    description: 'A job that was rescaled stays so for so long.',
    aliases: ['jobmanager.adaptive-scheduler.scaling-interval.min'],
  }),
  rescaleStabilization: durationOption(
    'jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout',
    {
      defaultValue: 10_000,
      description:
        'A job that lacks slots waits so long for more before it runs with those that there are; one that could have more waits so long for even more.',
      aliases: ['jobmanager.adaptive-scheduler.resource-stabilization-timeout'],
    },
  ),
  rescaleHistorySize: intOption('web.adaptive-scheduler.rescale-history.size', {
    defaultValue: 5,
    min: 0,
    description: 'Rescalings of a job that are kept for those who ask.',
  }),
  webRescale: booleanOption('web.rescale.enable', {
    defaultValue: true,
    description:
      'Whether the parallelism of jobs can be changed over REST, where jobmanager.scheduler is adaptive.',
  }),
};
