import type { SerializedError } from '../../src/base/errors.ts';
import type { JobId } from '../../src/base/ids.ts';
import type { SchedulerEffect, SchedulerState } from '../../src/control/scheduler/state.ts';
import type { Span, TraceContext, Tracing } from '../../src/ports/tracing.ts';
import { isGloballyTerminal } from '../../src/protocol/job-status.ts';

/**
 * The traces of one job: its submission, until all subtasks run, as a part of the trace of whoever submitted it; then one of its
 * own for each failover, until all run again.
 */
export class JobTrace {
  readonly #tracing: Tracing;
  readonly #attributes: { readonly 'millrace.job.id': JobId; readonly 'millrace.job.name': string };
  #span: Span | undefined;

  constructor(
    tracing: Tracing,
    job: { readonly jobId: JobId; readonly name: string },
    parent: TraceContext | undefined,
  ) {
    this.#tracing = tracing;
    this.#attributes = { 'millrace.job.id': job.jobId, 'millrace.job.name': job.name.slice(0, 200) };
    this.#span = tracing.start('job-manager start job', { parent, attributes: this.#attributes });
  }

  /** On whose behalf the job-manager acts; undefined while the job simply runs. */
  get context(): TraceContext | undefined {
    return this.#span?.context;
  }

  /** Takes notice of what happens to the job; called with each effect before it is performed. */
  observe(effect: SchedulerEffect, scheduler: SchedulerState): void {
    if (!this.#tracing.enabled) return;
    if (effect.type === 'announceJob') {
      if (isGloballyTerminal(effect.to)) this.#end(effect.error);
      else if (effect.to === 'RESTARTING') this.#beginFailover(effect.error);
    } else if (effect.type === 'announceExecution' && this.#span !== undefined) {
      if (effect.to === 'RUNNING' || effect.to === 'FINISHED') this.#endIfRunning(scheduler);
    }
  }

  #beginFailover(error: SerializedError | undefined): void {
    if (this.#span !== undefined) return;
    this.#span = this.#tracing.start('job-manager failover', {
      attributes: {
        ...this.#attributes,
        ...(error === undefined ? {} : { 'millrace.failure': error.message.slice(0, 500) }),
      },
    });
  }

  #endIfRunning({ executions }: SchedulerState): void {
    for (const subtasks of executions.values())
      for (const { state } of subtasks) if (state !== 'RUNNING' && state !== 'FINISHED') return;
    this.#end(undefined);
  }

  #end(error: SerializedError | undefined): void {
    this.#span?.end({ error });
    this.#span = undefined;
  }
}
