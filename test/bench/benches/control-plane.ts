import { defineJob } from '../../../src/api/job.ts';
import type { Bench } from '../bench.ts';
import { measure } from '../measure.ts';
import { ReportingCluster } from '../reporting-cluster.ts';

const VERTICES = 10;
const PARALLELISM = 100;
const TASK_MANAGERS = 25;
const SLOTS = 4;

/** A chain of `VERTICES` vertices, each joined to the next by all-to-all channels. */
export const THOUSAND_SUBTASKS = defineJob('a thousand subtasks', (env) => {
  let stream = env.fromCollection([0]).rebalance();
  for (let i = 0; i < VERTICES; i++) stream = stream.map((value) => value).rebalance();
});

export const controlPlane: Bench = {
  name: 'control-plane',
  title: 'a job of 1,000 subtasks from submission until all run, on simulated TaskManagers',
  floor: 500,
  run: async () => {
    const options = { parallelism: PARALLELISM, taskManagers: TASK_MANAGERS, slots: SLOTS };
    const cluster = await ReportingCluster.start(THOUSAND_SUBTASKS, options);
    try {
      return await measure(() => cluster.run());
    } finally {
      await cluster.stop();
    }
  },
};
