export { restoreChain } from './restore-chain.ts';
export { TaskCheckpoints } from './task-checkpoints.ts';
export type { RestorePoint, TaskCheckpointing, TaskSnapshot } from './task-checkpointing.ts';
export { restoreInFlight } from './restore-in-flight.ts';
export type { InFlightRecord } from './in-flight.ts';
