import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExternalError, serializeError } from '../../base/errors.ts';
import type { AllocationId, JobId, TaskManagerId, VertexId } from '../../base/ids.ts';
import type { Epoch } from '../../base/ids.ts';
import { buildExecutionGraph } from '../../graph/execution-graph.ts';
import { generateJobGraph } from '../../graph/job-graph-generator.ts';
import { StreamGraph } from '../../graph/stream-graph.ts';
import { EXECUTION_STATES, isGloballyTerminal, isTerminal } from '../../protocol/job-status.ts';
import { buildDeployments } from '../deployments.ts';
import type { RestartStrategy } from '../restart-strategy.ts';
import {
  acceptOffers,
  backoffElapsed,
  cancelJob,
  executionChanged,
  initialState,
  slotRequestTimedOut,
  slotsLost,
  startScheduling,
  taskManagerLost,
} from './decide.ts';
import type { Decision, ExecutionRef, HeldSlot, Moment, SchedulerEffect, SchedulerState } from './state.ts';

const NOW: Moment = { now: 1_000, random: 0.5 };
const LOST = serializeError(new ExternalError('gone'));
const FIXED: RestartStrategy = { type: 'fixed-delay', attempts: 2, delayMs: 50 };

/** Two vertices of parallelism 2 joined by hash: one region; by forward: two. */
function started(
  partition: 'hash' | 'forward' = 'hash',
  strategy: RestartStrategy = FIXED,
  recovered = false,
): Decision {
  const graph = new StreamGraph<string>();
  const source = graph.addNode({ kind: 'source', factory: 's', name: 'source', isSource: true });
  const sink = graph.addNode({ kind: 'sink', factory: 'o', name: 'sink', chaining: 'never' });
  const partitioner =
    partition === 'hash' ? { kind: 'hash' as const, keySelector: String } : { kind: 'forward' as const };
  graph.addEdge({ source: source.id, target: sink.id, targetInput: 0, partitioner });
  const settings = {
    jobName: 'job',
    parallelism: 2,
    maxParallelism: undefined,
    chaining: true,
    genericTypes: true,
  };
  const execution = buildExecutionGraph(generateJobGraph(graph, settings).jobGraph);
  return startScheduling(initialState(execution, { strategy, retryUserFailures: true }, { recovered }));
}

function slot(n: number, taskManager = 'tm'): HeldSlot {
  return {
    allocationId: `a${n}` as AllocationId,
    taskManagerId: taskManager as TaskManagerId,
    processId: 'p',
    slot: n,
  };
}

function deployed(partition: 'hash' | 'forward' = 'hash', strategy: RestartStrategy = FIXED): SchedulerState {
  return acceptOffers(started(partition, strategy).state, [slot(0), slot(1, 'tm2')]).state;
}

/** All refs of the present attempts. */
function refs(state: SchedulerState): ExecutionRef[] {
  return state.graph.regions.flat().map(({ vertexId, subtaskIndex, region }) => ({
    vertexId,
    subtaskIndex,
    attempt: state.regions[region]!.attempt,
  }));
}

function reportAll(state: SchedulerState, to: 'RUNNING' | 'FINISHED' | 'CANCELED'): Decision {
  const effects: SchedulerEffect[] = [];
  let current = state;
  for (const ref of refs(state)) {
    const decision = executionChanged(current, ref, to, {}, NOW);
    current = decision.state;
    effects.push(...decision.effects);
  }
  return { state: current, effects };
}

function typesOf(decision: Decision): string[] {
  return decision.effects.map((effect) => effect.type).filter((type) => !type.startsWith('announce'));
}

describe('scheduling', () => {
  it('when scheduling starts then the job is RUNNING, its subtasks SCHEDULED, and slots are declared', () => {
    const decision = started();
    expect(decision.state.status).toBe('RUNNING');
    expect(typesOf(decision)).toEqual(['declareSlots']);
  });

  it('when only some slots are offered then nothing is deployed; with the last one everything is', () => {
    const first = acceptOffers(started().state, [slot(0)]);
    expect(first.accepted).toEqual(['a0']);
    expect(typesOf(first)).toEqual([]);
    const second = acceptOffers(first.state, [slot(1)]);
    expect(typesOf(second)).toEqual(['deployRegion']);
  });

  it('when more slots are offered than needed then the surplus is not accepted, and repeated offers are', () => {
    const decision = acceptOffers(started().state, [slot(0), slot(1), slot(2), slot(0)]);
    expect(decision.accepted).toEqual(['a0', 'a1', 'a0']);
  });

  it('when regions are independent then each is deployed as soon as its slot is there', () => {
    const decision = acceptOffers(started('forward').state, [slot(0)]);
    expect(decision.effects.filter((effect) => effect.type === 'deployRegion')).toMatchObject([
      { region: 0 },
    ]);
  });

  it('when all subtasks finish then the job is FINISHED and its slots are freed', () => {
    const decision = reportAll(deployed(), 'FINISHED');
    expect(decision.state.status).toBe('FINISHED');
    expect(decision.state.slots.size).toBe(0);
    expect(typesOf(decision)).toEqual(['freeSlot', 'freeSlot', 'declareSlots']);
  });
});

describe('failover', () => {
  const [first] = refs(deployed());
  const failure = { error: LOST };

  it('when a subtask fails then the others of its region are canceled before the region restarts', () => {
    const failed = executionChanged(deployed(), first!, 'FAILED', failure, NOW);
    expect(failed.state.status).toBe('RESTARTING');
    expect(typesOf(failed)).toEqual(['cancelTasks', 'cancelTasks']);
    const stopped = reportAll(failed.state, 'CANCELED');
    expect(typesOf(stopped)).toEqual(['discardAttempt', 'startBackoff']);
    const again = backoffElapsed(stopped.state, 0, 0);
    expect(again.state.regions[0]).toMatchObject({ attempt: 1, phase: 'active' });
    expect(again.effects.find((effect) => effect.type === 'deployRegion')).toMatchObject({ attempt: 1 });
    expect(reportAll(again.state, 'RUNNING').state.status).toBe('RUNNING');
  });

  it('when one region fails then the other is not touched', () => {
    const failed = executionChanged(deployed('forward'), first!, 'FAILED', failure, NOW);
    expect(failed.state.regions.map((region) => region.phase)).toEqual(['canceling', 'active']);
  });

  it('when a message of an old attempt comes then it changes nothing and is counted', () => {
    const stopped = reportAll(
      executionChanged(deployed(), first!, 'FAILED', failure, NOW).state,
      'CANCELED',
    ).state;
    const again = backoffElapsed(stopped, 0, 0).state;
    const stale = executionChanged(again, first!, 'FAILED', failure, NOW);
    expect(stale.state).toEqual({ ...again, staleMessages: again.staleMessages + 1 });
    expect(stale.effects).toEqual([]);
  });

  it('when reports come doubled or out of order then states never go back', () => {
    const running = executionChanged(deployed(), first!, 'RUNNING', {}, NOW).state;
    expect(executionChanged(running, first!, 'INITIALIZING', {}, NOW).state).toEqual(running);
    expect(executionChanged(running, first!, 'RUNNING', {}, NOW).effects).toEqual([]);
  });

  it('when a TaskManager is lost then its subtasks fail, one restart is counted, and new slots are declared', () => {
    const lost = taskManagerLost(deployed('forward'), 'tm' as TaskManagerId, LOST, NOW);
    expect(lost.state.restarts).toBe(1);
    expect(lost.state.slots.size).toBe(1);
    expect(typesOf(lost)).toContain('declareSlots');
    expect(taskManagerLost(lost.state, 'tm' as TaskManagerId, LOST, NOW).state.restarts).toBe(1);
  });

  it('when the restarts are used up then the job is FAILED with the root cause and holds no slot', () => {
    let state = deployed('hash', { type: 'fixed-delay', attempts: 1, delayMs: 0 });
    state = reportAll(
      executionChanged(state, refs(state)[0]!, 'FAILED', failure, NOW).state,
      'CANCELED',
    ).state;
    state = backoffElapsed(state, 0, 0).state;
    state = reportAll(
      executionChanged(state, refs(state)[0]!, 'FAILED', failure, NOW).state,
      'CANCELED',
    ).state;
    expect(state.status).toBe('FAILED');
    expect(state.failure).toMatchObject({
      message: expect.stringContaining('all 1 restart attempts') as string,
      cause: { message: 'gone' },
    });
    expect(state.slots.size).toBe(0);
  });

  it('when a job is canceled then subtasks are canceled and the job ends CANCELED', () => {
    const canceling = cancelJob(deployed());
    expect(canceling.state.status).toBe('CANCELLING');
    expect(typesOf(canceling)).toEqual(['cancelTasks', 'cancelTasks']);
    expect(reportAll(canceling.state, 'CANCELED').state.status).toBe('CANCELED');
  });

  it('when a job is canceled while it waits for slots then it ends at once', () => {
    expect(cancelJob(started().state).state.status).toBe('CANCELED');
  });

  it('when slots do not come in time then the error says how many are needed, held and available', () => {
    const held = acceptOffers(started().state, [slot(0)]).state;
    const decision = slotRequestTimedOut(held, { slotsTotal: 1, slotsAvailable: 0 }, 5_000, NOW);
    expect(decision.state.status).toBe('FAILED');
    expect(decision.state.failure?.cause?.message).toMatch(
      /needs 2 slots and got 1 within 5000 ms \(slot.request.timeout\); the cluster has 1, of which 0 are available/,
    );
  });

  it('when they do not come for a job of a leader before, then its restart strategy decides', () => {
    const { state } = started('hash', FIXED, true);
    const { status } = slotRequestTimedOut(state, undefined, 5_000, NOW).state;
    expect(status).toBe('RESTARTING');
  });
});

describe('any order of events', () => {
  const event = fc.oneof(
    fc.record({
      kind: fc.constant('report' as const),
      at: fc.nat(3),
      state: fc.constantFrom(...EXECUTION_STATES),
      old: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('offer' as const), n: fc.nat(9) }),
    fc.record({ kind: fc.constant('lose' as const), n: fc.nat(9) }),
    fc.record({ kind: fc.constant('backoff' as const), region: fc.nat(1) }),
    fc.record({ kind: fc.constant('cancel' as const) }),
  );

  it('when events come in any order then attempts only grow, terminal jobs stay and hold no slots, and regions never overlap', () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 60 }),
        fc.constantFrom('hash' as const, 'forward' as const),
        (events, partition) => {
          let state = started(partition, { ...FIXED, attempts: 100 } as RestartStrategy).state;
          for (const each of events) {
            const before = state;
            state = apply(state, each);
            expect(violations(before, state)).toEqual([]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  function apply(
    state: SchedulerState,
    each: typeof event extends fc.Arbitrary<infer E> ? E : never,
  ): SchedulerState {
    switch (each.kind) {
      case 'report': {
        const ref = refs(state)[each.at]!;
        const attempt = each.old ? ref.attempt - 1 : ref.attempt;
        return executionChanged(state, { ...ref, attempt }, each.state, { error: LOST }, NOW).state;
      }
      case 'offer':
        return acceptOffers(state, [slot(each.n, `tm${each.n % 3}`)]).state;
      case 'lose':
        return slotsLost(state, [slot(each.n).allocationId], LOST, NOW).state;
      case 'backoff':
        return state.regions[each.region] === undefined
          ? state
          : backoffElapsed(state, each.region, state.regions[each.region]!.attempt).state;
      case 'cancel':
        return cancelJob(state).state;
    }
  }

  /** Names of the invariants that the step broke. */
  function violations(before: SchedulerState, after: SchedulerState): string[] {
    const broken: string[] = [];
    const check = (holds: boolean, name: string): void => void (holds || broken.push(name));
    check(!isGloballyTerminal(before.status) || after.status === before.status, 'a terminal job stays');
    check(!isGloballyTerminal(after.status) || after.slots.size === 0, 'a terminal job holds no slot');
    after.regions.forEach((region, index) => {
      const previous = before.regions[index]!;
      const states = before.graph.regions[index]!.map(
        (m) => before.executions.get(m.vertexId)![m.subtaskIndex]!.state,
      );
      check(region.attempt >= previous.attempt, 'attempts only grow');
      check(
        region.attempt === previous.attempt || states.every(isTerminal),
        'attempts of a region never overlap',
      );
    });
    const used = after.assignment.filter((id) => id !== undefined);
    check(new Set(used).size === used.length, 'a slot is assigned once');
    check(
      used.every((id) => after.slots.has(id)),
      'assigned slots are held',
    );
    return broken;
  }
});

describe('buildDeployments', () => {
  it('when a region is deployed then each slot gets its subtasks, with peers that point at where the others run', () => {
    const state = deployed();
    const job = {
      jobId: 'j' as JobId,
      jobName: 'job',
      moduleSha256: 'a'.repeat(64),
      graphHash: 'h',
      checkpointsUri: 'memory:',
      periodicCheckpoints: false,
      configuration: {},
    };
    const messages = buildDeployments(
      state.graph,
      state.graph.regions[0]!,
      0,
      (vertex) => state.slots.get(state.assignment[vertex.slot]!)!,
      job,
      1 as Epoch,
      undefined,
    );
    const { message } = messages.get('a0' as AllocationId)!;
    expect(message.tasks.map((task) => [task.subtaskIndex, task.inputs.length, task.outputs.length])).toEqual(
      [
        [0, 0, 1],
        [0, 1, 0],
      ],
    );
    const gate = message.tasks[1]!.inputs[0]!;
    expect(gate.peerVertexId).toBe(state.graph.jobGraph.vertices[0]!.id satisfies VertexId);
    expect(gate.peers.map(([subtask, location]) => [subtask, message.locations[location]![0]])).toEqual([
      [0, 'tm'],
      [1, 'tm2'],
    ]);
  });
});
