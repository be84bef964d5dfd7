export { createTask } from './create-task.ts';
export type {
  StepResult,
  Task,
  TaskCounters,
  TaskDescriptor,
  TaskEnvironment,
  TaskSettings,
} from './task.ts';
