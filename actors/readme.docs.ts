import { clientMachine } from './client/client.machine.ts';
import { dispatcherMachine } from './dispatcher/dispatcher.machine.ts';
import { checkpointCoordinatorMachine } from './job-manager/checkpoint-coordinator/checkpoint-coordinator.machine.ts';
import { jobManagerMachine } from './job-manager/job-manager.machine.ts';
import { sourceCoordinatorMachine } from './job-manager/source-coordinator/source-coordinator.machine.ts';
import { mermaidOf } from './mermaid.ts';
import { leaderElectionMachine } from './leader-election/leader-election.machine.ts';
import { resourceManagerMachine } from './resource-manager/resource-manager.machine.ts';
import { slotMachine } from './task-manager/slot/slot.machine.ts';
import { subtaskMachine } from './task-manager/subtask/subtask.machine.ts';
import { taskManagerMachine } from './task-manager/task-manager.machine.ts';

const MACHINES = [
  clientMachine,
  leaderElectionMachine,
  dispatcherMachine,
  resourceManagerMachine,
  jobManagerMachine,
  sourceCoordinatorMachine,
  checkpointCoordinatorMachine,
  taskManagerMachine,
  slotMachine,
  subtaskMachine,
];

const diagrams = MACHINES.map(
  (machine) => `### ${machine.id}\n\n\`\`\`mermaid\n${mermaidOf(machine)}\n\`\`\``,
);

export default { file: 'actors/README.md', parts: { machines: diagrams.join('\n\n') } };
