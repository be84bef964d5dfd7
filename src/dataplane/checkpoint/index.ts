export { restoreChain } from './restore-chain.ts';
export { TaskCheckpoints } from './task-checkpoints.ts';
export type { SnapshotMetrics, TaskCheckpointing, TaskSnapshot } from './task-checkpointing.ts';
