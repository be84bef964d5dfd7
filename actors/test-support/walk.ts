import { initialTransition, transition } from 'xstate';
import type { AnyStateMachine, EventFromLogic, ExecutableActionsFrom, InputFrom, SnapshotFrom } from 'xstate';

/** Where a walk has come. */
export interface Step<M extends AnyStateMachine> {
  readonly snapshot: SnapshotFrom<M>;
  /** Named actions of the last transition, in order. */
  readonly actions: readonly string[];
  /** The same with their parameters. */
  readonly performed: readonly { readonly type: string; readonly params: unknown }[];
}

/** Walks a machine purely: no actor runs, no action is executed. Answers each step, the initial one first. */
export function walk<M extends AnyStateMachine>(
  machine: M,
  input: InputFrom<M>,
  ...events: readonly EventFromLogic<M>[]
): Step<M>[] {
  const steps = [toStep<M>(initialTransition(machine, input as never) as never)];
  for (const event of events) {
    const { snapshot } = steps.at(-1) as Step<M>;
    steps.push(toStep<M>(transition(machine, snapshot as never, event as never) as never));
  }
  return steps;
}

function toStep<M extends AnyStateMachine>([snapshot, actions]: [
  SnapshotFrom<M>,
  ExecutableActionsFrom<M>[],
]): Step<M> {
  const performed = (actions as { type: string; params: unknown }[]).map(({ type, params }) => ({
    type,
    params,
  }));
  return { snapshot, performed, actions: performed.map(({ type }) => type) };
}
