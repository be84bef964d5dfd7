import type { ScopeFormats } from '../metrics/scope-formats.ts';
import type { Configuration } from './configuration.ts';
import { OPTIONS } from './options.ts';

/** `metrics.scope.*` */
export function scopeFormats(configuration: Configuration): ScopeFormats {
  return {
    delimiter: configuration.get(OPTIONS.scopeDelimiter),
    formats: {
      jobmanager: configuration.get(OPTIONS.scopeJobManager),
      jobmanager_job: configuration.get(OPTIONS.scopeJobManagerJob),
      jobmanager_job_operator: configuration.get(OPTIONS.scopeJobManagerOperator),
      taskmanager: configuration.get(OPTIONS.scopeTaskManager),
      taskmanager_job: configuration.get(OPTIONS.scopeTaskManagerJob),
      taskmanager_job_task: configuration.get(OPTIONS.scopeTask),
      taskmanager_job_task_operator: configuration.get(OPTIONS.scopeOperator),
    },
  };
}
