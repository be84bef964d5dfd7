import { assert } from '../../base/assert.ts';
import type { SerializedError } from '../../base/errors.ts';
import type { AllocationId, TaskManagerId, VertexId } from '../../base/ids.ts';
import type { ExecutionVertex } from '../../graph/execution-graph.ts';
import { isTerminal } from '../../protocol/job-status.ts';
import type { JobStatus } from '../../protocol/job-status.ts';
import type {
  Decision,
  Execution,
  ExecutionRef,
  HeldSlot,
  Region,
  SchedulerEffect,
  SchedulerState,
} from './state.ts';

/**
 * One decision in the making: works on copies of what it changes and collects effects. The state it started from is never
 * touched, so decisions stay pure to their callers while a region of a thousand subtasks changes in linear time.
 */
export class Draft {
  #state: SchedulerState;
  readonly #effects: SchedulerEffect[] = [];
  readonly #executions: Map<VertexId, Execution[]> = new Map();

  constructor(state: SchedulerState) {
    this.#state = state;
  }

  finish(): Decision {
    const executions = new Map<VertexId, readonly Execution[]>(this.#state.executions);
    for (const [vertexId, changed] of this.#executions) executions.set(vertexId, changed);
    return { state: { ...this.#state, executions }, effects: this.#effects };
  }

  get state(): SchedulerState {
    return this.#state;
  }

  change(change: Partial<Omit<SchedulerState, 'executions'>>): void {
    this.#state = { ...this.#state, ...change };
  }

  effect(effect: SchedulerEffect): void {
    this.#effects.push(effect);
  }

  setStatus(to: JobStatus, error?: SerializedError): void {
    const from = this.#state.status;
    if (from === to) return;
    this.change({ status: to });
    this.effect({ type: 'announceJob', from, to, ...(error === undefined ? {} : { error }) });
  }

  region(index: number): Region {
    const region = this.#state.regions[index];
    assert(region !== undefined, `region ${index} exists`);
    return region;
  }

  setRegion(index: number, change: Partial<Region>): void {
    this.change({ regions: this.#state.regions.with(index, { ...this.region(index), ...change }) });
  }

  members(region: number): readonly ExecutionVertex[] {
    return this.#state.graph.regions[region] ?? [];
  }

  execution(vertex: Pick<ExecutionVertex, 'vertexId' | 'subtaskIndex'>): Execution {
    const list = this.#executions.get(vertex.vertexId) ?? this.#state.executions.get(vertex.vertexId);
    const execution = list?.[vertex.subtaskIndex];
    assert(execution !== undefined, `execution ${vertex.vertexId}/${vertex.subtaskIndex} exists`);
    return execution;
  }

  /** Changes an execution; announces it when its state changes. */
  setExecution(vertex: ExecutionVertex, change: Partial<Execution>, error?: SerializedError): void {
    const before = this.execution(vertex);
    let list = this.#executions.get(vertex.vertexId);
    if (list === undefined) {
      list = [...(this.#state.executions.get(vertex.vertexId) ?? [])];
      this.#executions.set(vertex.vertexId, list);
    }
    const after = { ...before, ...change };
    list[vertex.subtaskIndex] = after;
    if (change.state === undefined || change.state === before.state) return;
    const held = after.allocationId === undefined ? undefined : this.#state.slots.get(after.allocationId);
    this.effect({
      type: 'announceExecution',
      ref: this.ref(vertex),
      to: change.state,
      ...(held === undefined ? {} : { taskManagerId: held.taskManagerId }),
      ...(error === undefined ? {} : { error }),
    });
  }

  ref(vertex: ExecutionVertex): ExecutionRef {
    const { vertexId, subtaskIndex, region } = vertex;
    return { vertexId, subtaskIndex, attempt: this.region(region).attempt };
  }

  allTerminal(region: number): boolean {
    return this.members(region).every((vertex) => isTerminal(this.execution(vertex).state));
  }

  allFinished(): boolean {
    return this.#state.graph.regions.flat().every((vertex) => this.execution(vertex).state === 'FINISHED');
  }

  slotFor(vertex: ExecutionVertex): HeldSlot | undefined {
    const allocationId = this.#state.assignment[vertex.slot];
    return allocationId === undefined ? undefined : this.#state.slots.get(allocationId);
  }

  /** Forgets a slot; what runs there is dealt with by the caller. */
  dropSlot(allocationId: AllocationId): HeldSlot | undefined {
    const held = this.#state.slots.get(allocationId);
    if (held === undefined) return undefined;
    const slots = new Map(this.#state.slots);
    slots.delete(allocationId);
    const assignment = this.#state.assignment.map((id) => (id === allocationId ? undefined : id));
    this.change({ slots, assignment });
    return held;
  }

  slotsOn(taskManagerId: TaskManagerId): AllocationId[] {
    return [...this.#state.slots.values()]
      .filter((s) => s.taskManagerId === taskManagerId)
      .map((s) => s.allocationId);
  }
}
