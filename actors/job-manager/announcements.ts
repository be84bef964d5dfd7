import { announce } from '../messaging/announce.ts';
import type { JobManagerContext } from './job-manager.machine.ts';
import type { EffectOf, Performer } from './performer.ts';

/** Logs that the status of the job has changed, and tells all who listen. */
export function announceJob(
  performer: Performer,
  context: JobManagerContext,
  effect: EffectOf<'announceJob'>,
): void {
  const { environment } = performer;
  const { jobId, graph } = context;
  const { from, to, error } = effect;
  const { name } = graph.jobGraph;
  const fields = {
    jobId,
    job: name.slice(0, 200),
    from,
    ...(error === undefined ? {} : { reason: error.message }),
  };
  if (error === undefined) environment.logger.info(`job ${to}`, fields);
  else environment.logger.warn(`job ${to}`, fields);
  announce(environment, {
    type: 'jobStatusChanged',
    at: environment.clock.now(),
    jobId,
    name,
    from,
    to,
    ...(error === undefined ? {} : { error }),
  });
}

/** Tells all who listen that a subtask has another state. */
export function announceExecution(
  performer: Performer,
  context: JobManagerContext,
  effect: EffectOf<'announceExecution'>,
): void {
  const { environment } = performer;
  const { jobId, graph } = context;
  const { ref, to, taskManagerId, error } = effect;
  announce(environment, {
    type: 'executionStateChanged',
    at: environment.clock.now(),
    jobId,
    ...ref,
    vertexName: graph.vertices.get(ref.vertexId)?.name ?? '',
    to,
    ...(taskManagerId === undefined ? {} : { taskManagerId }),
    ...(error === undefined ? {} : { error }),
  });
}
