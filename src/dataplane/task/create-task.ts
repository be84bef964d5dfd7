import type { ChainPlan } from '../../graph/chain-plan.ts';
import type { OperatorFactory } from '../chain/operator.ts';
import { StreamTask } from './stream-task.ts';
import type { Task, TaskDescriptor, TaskEnvironment } from './task.ts';

/** The task of one subtask: its chain made from `plan`, between channels that `environment` opens. Does nothing before `open`. */
export function createTask(
  descriptor: TaskDescriptor,
  plan: ChainPlan<OperatorFactory>,
  environment: TaskEnvironment,
): Task {
  return new StreamTask(descriptor, plan, environment);
}
