import { InternalError } from '../../base/errors.ts';
import type { OperatorId, VertexId } from '../../base/ids.ts';
import type { TaskInfo } from '../../functions/context.ts';
import type { ChainNode } from '../../graph/chain-plan.ts';
import { MetricComponent } from '../../metrics/component.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import { HashMapStateBackend, HEAP_STATES } from '../../state/index.ts';
import type { OpenedState } from '../../state/index.ts';
import type { StateReader } from '../../state/snapshot/state-reader.ts';
import { newCounters } from '../task/new-counters.ts';
import type { TaskSettings } from '../task/task.ts';
import { buildChain } from './build-chain.ts';
import { Flow } from './flow.ts';
import type { OperatorFactory } from './operator.ts';
import { Trace } from './trace.ts';

export interface DryOpenOptions {
  readonly taskInfo: TaskInfo;
  readonly settings: TaskSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What came of it: the states that were opened until then, and what went wrong first. */
export interface DryOpened {
  readonly states: readonly OpenedState[];
  readonly error: unknown;
}

/**
 * Opens one operator on the keyed state of a snapshot without any of its rows, and closes it again: whether its states fit is known
 * before a record is read. What user functions do when they are opened, they do here, too.
 *
 * @param files of the operator's keyed state; their indexes alone are read
 */
export async function dryOpen(
  { operatorId, name, factory }: ChainNode<OperatorFactory>,
  files: readonly StateReader[],
  { taskInfo, settings, clock, logger }: DryOpenOptions,
): Promise<DryOpened> {
  const keyed = new HashMapStateBackend({ start: 0, end: -1 }, taskInfo.maxNumberOfParallelSubtasks, clock);
  const errors: unknown[] = [];
  const attempt = (act: () => Promise<void>): Promise<void> =>
    act().catch((error: unknown) => void errors.push(error));
  await attempt(async () => {
    await keyed.restore(files);
    const chain = buildChain(
      {
        vertexId: operatorId as string as VertexId,
        nodes: [{ operatorId, name, factory, outputs: [] }],
        inputs: new Map(),
      },
      {
        taskInfo,
        keyedStates: HEAP_STATES,
        clock,
        metricsOf: (id: OperatorId, operatorName: string) =>
          new MetricComponent({
            scope: 'taskmanager_job_task_operator',
            variables: { operator_id: id, operator_name: operatorName },
          }),
        logger,
        checkpoints: { atEndOfInput: false, restored: undefined },
        restored: new Map([[operatorId, { operatorState: [], keyed }]]),
        wallTime: { now: clock.now() },
        settings,
        spillFiles: {
          create: () => Promise.reject(new InternalError('an operator that is opened dry spills nothing')),
        },
        counters: newCounters(),
        trace: new Trace(),
        flow: new Flow(() => {}),
        openEdge: () => ({ emit: () => {}, event: () => {} }),
        sendResults: () => Promise.resolve(),
      },
    );
    await attempt(() => chain.open());
    // What was opened by half may fail again when it is closed: why it was is told.
    await attempt(() => chain.close(true));
  });
  return { states: keyed.openedStates, error: errors[0] };
}
