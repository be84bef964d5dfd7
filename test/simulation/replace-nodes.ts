import { SimulatedCluster } from '../../actors/testing/simulated-cluster.ts';
import type { SeededRandom } from '../../src/testing/seeded-random.ts';

/** One TaskManager dies, as by kill -9, and another one starts. */
export function replaceTaskManager(cluster: SimulatedCluster, random: SeededRandom): void {
  cluster.crash(random.pick(cluster.taskManagers()));
  cluster.startTaskManager();
}

/** The JobManager dies, and the next one leads. */
export function replaceJobManager(cluster: SimulatedCluster): void {
  cluster.crash(SimulatedCluster.JOB_MANAGER);
  void cluster.startJobManager();
}

/** Starts a JobManager and so many TaskManagers. */
export async function startNodes(cluster: SimulatedCluster, taskManagers: number): Promise<void> {
  await cluster.startJobManager();
  for (let i = 0; i < taskManagers; i++) cluster.startTaskManager();
}
