/** For tests of jobs and of Millrace itself: whole clusters in one thread, deterministic from a seed. */
export { runJob } from './run-job.ts';
export type { RunJobOptions, RunJobResult } from './run-job.ts';
export { SimulatedCluster } from './simulated-cluster.ts';
export type { SimulatedClusterOptions } from './simulated-cluster.ts';
export { SeededRandom } from '../../src/testing/seeded-random.ts';
export { SimulatedClock } from '../../src/testing/simulated-clock.ts';
export { SimulationTrace } from '../../src/testing/simulation-trace.ts';
