import { assert } from '../../../src/base/assert.ts';
import { STATE_CHECK_OPEN_MS } from '../../../src/base/limits.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { taskSettings } from '../../../src/config/settings.ts';
import { dryOpen } from '../../../src/dataplane/chain/dry-open.ts';
import type { DryOpened, DryOpenOptions } from '../../../src/dataplane/chain/dry-open.ts';
import type { OperatorFactory } from '../../../src/dataplane/chain/operator.ts';
import type { ChainNode } from '../../../src/graph/chain-plan.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import { isTimerState } from '../../../src/state/index.ts';
import type { OpenedState } from '../../../src/state/index.ts';
import { openKeyedFiles } from '../../../src/state/inspect/index.ts';
import type { OperatorComparison } from '../../../src/state/snapshot/compare-with-job.ts';
import { StateIncompatibleError } from '../../../src/state/snapshot/errors.ts';
import type { StateInfo } from '../../../src/state/snapshot/format.ts';
import type { OpenedSnapshot } from '../../../src/state/snapshot/open-snapshot.ts';
import type { StateReader } from '../../../src/state/snapshot/state-reader.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { PreparedJob } from '../prepare-job.ts';

/**
 * What becomes of one state: `fits`; `migrates`: its values become those of today; `new`: it begins empty; `not opened`: the snapshot has
 * it, and `open()` does not ask for it.
 */
export interface StateComparison {
  readonly state: string;
  readonly verdict: 'fits' | 'migrates' | 'new' | 'not opened';
  readonly note?: string;
}

export interface CheckedOperator extends OperatorComparison {
  /** Of an operator with keyed state that could be opened. */
  readonly states?: readonly StateComparison[];
}

/** Compares keyed states, too: opens each operator that goes on with some, on its states without rows. */
export async function checkStates(
  snapshot: OpenedSnapshot,
  { plans, jobGraph }: PreparedJob,
  operators: readonly OperatorComparison[],
  configuration: Configuration,
  logger: Logger,
): Promise<readonly CheckedOperator[]> {
  const nodes = new Map(
    [...plans.values()].flatMap((plan) => plan.nodes.map((node) => [node.operatorId as string, node])),
  );
  const checked: CheckedOperator[] = [];
  for (const operator of operators) {
    const node = nodes.get(operator.operatorId);
    const files = (await openKeyedFiles(snapshot, operator.operatorId)).flat();
    if (node === undefined || files.length === 0 || !GOES_ON.includes(operator.verdict)) {
      checked.push(operator);
      continue;
    }
    const vertex = jobGraph.vertices.find(({ operators: members }) =>
      members.some(({ id }) => id === node.operatorId),
    );
    assert(vertex !== undefined, 'an operator of the plans is one of the graph');
    const { parallelism, maxParallelism } = vertex;
    const taskInfo = taskInfoOf(jobGraph.name, operator.name, parallelism, maxParallelism);
    const options = { taskInfo, settings: taskSettings(configuration), clock: systemClock, logger };
    checked.push(withStates(operator, files, await inTime(node, files, options)));
  }
  return checked;
}

const GOES_ON: readonly OperatorComparison['verdict'][] = ['fits', 'rescales'];

function taskInfoOf(
  jobName: string,
  operatorName: string,
  numberOfParallelSubtasks: number,
  maxNumberOfParallelSubtasks: number,
): DryOpenOptions['taskInfo'] {
  return {
    jobId: '0'.repeat(32) as DryOpenOptions['taskInfo']['jobId'],
    jobName,
    operatorName,
    taskName: `${operatorName} (check)`,
    indexOfThisSubtask: 0,
    numberOfParallelSubtasks,
    maxNumberOfParallelSubtasks,
    attemptNumber: 0,
    leaderEpoch: 0,
  };
}

/** What user functions do in `open()` may take for ever. */
async function inTime(
  node: ChainNode<OperatorFactory>,
  files: readonly StateReader[],
  options: DryOpenOptions,
): Promise<DryOpened | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = options.clock.setTimeout(() => late.resolve(undefined), STATE_CHECK_OPEN_MS);
  try {
    return await Promise.race([dryOpen(node, files, options), late.promise]);
  } finally {
    options.clock.clearTimeout(timer);
  }
}

function withStates(
  operator: OperatorComparison,
  files: readonly StateReader[],
  opened: DryOpened | undefined,
): CheckedOperator {
  if (opened === undefined)
    return {
      ...operator,
      note: `its states are not known: open() took more than ${STATE_CHECK_OPEN_MS / 1_000} s`,
    };
  const { states, error } = opened;
  if (error instanceof StateIncompatibleError)
    return { ...operator, verdict: 'incompatible', note: error.message, states: states.map(comparisonOf) };
  if (error !== undefined)
    return { ...operator, note: `its states are not known: open() failed: ${(error as Error).message}` };
  return { ...operator, states: [...states.map(comparisonOf), ...notOpened(files, states)] };
}

function comparisonOf({ info, saved, steps }: OpenedState): StateComparison {
  if (saved === undefined) return { state: info.name, verdict: 'new' };
  const notes = [
    ...versionNotes(saved, info, steps),
    ...(saved.ttl === info.ttl ? [] : [info.ttl ? 'gets a time to live' : 'loses its time to live']),
    ...(saved.type === info.type || saved.version !== info.version
      ? []
      : ['declared anew, and saved values fit']),
  ];
  if (notes.length === 0) return { state: info.name, verdict: 'fits' };
  return { state: info.name, verdict: 'migrates', note: notes.join('; ') };
}

function versionNotes(saved: StateInfo, now: StateInfo, steps: readonly string[]): string[] {
  const [from, to] = [saved.version ?? 1, now.version ?? 1];
  if (from === to) return [];
  return [`schema version ${from} to ${to}${steps.length === 0 ? '' : `: ${steps.join(', ')}`}`];
}

/** States of windows are opened by number, not by name, and those of timers when there are some. */
function notOpened(files: readonly StateReader[], opened: readonly OpenedState[]): StateComparison[] {
  const known = new Set(opened.map(({ info }) => `${info.scope} ${info.name}`));
  const left = new Map<string, StateInfo>();
  for (const { index } of files)
    for (const info of index.states)
      if (info.scope !== 'window' && !isTimerState(info.name) && !known.has(`${info.scope} ${info.name}`))
        left.set(`${info.scope} ${info.name}`, info);
  return [...left.values()].map(({ name }) => ({
    state: name,
    verdict: 'not opened',
    note: 'open() does not ask for it: it stays until it is asked for',
  }));
}
