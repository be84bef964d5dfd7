import { MetricComponent } from '../component.ts';

/** Metrics of an operator that runs nowhere. */
export function operatorComponent(
  operatorName = 'operator',
  warn: (message: string) => void = () => {},
): MetricComponent {
  return new MetricComponent({
    scope: 'taskmanager_job_task_operator',
    variables: {
      host: 'h1',
      tm_id: 'tm',
      job_id: 'j',
      job_name: 'my job',
      task_id: 'v',
      task_name: 'Map -> Sink',
      subtask_index: '3',
      operator_id: 'o',
      operator_name: operatorName,
    },
    warn,
  });
}
