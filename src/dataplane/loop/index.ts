export type { LoopDriver } from './loop-driver.ts';
export { SimulatedLoopDriver } from './simulated-loop.ts';
export { SlotLoop } from './slot-loop.ts';
export type { TaskListener } from './slot-loop.ts';
export { ThreadLoopDriver } from './thread-loop.adapter.ts';
