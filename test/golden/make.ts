import { mkdir, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Configuration, MiniCluster, prepareJob } from '../../actors/index.ts';

/**
 * Makes a golden savepoint: `node ... test/golden/make.ts <name>` leaves `test/golden/<name>`. Those that are there stay for
 * ever: every later version must go on from them.
 */
const name = process.argv[2];
if (name === undefined) throw new Error('a name is needed, such as hashmap-1');
const folder = fileURLToPath(new URL('.', import.meta.url));
const work = `${folder}${name}.making`;
await mkdir(work);
const configuration = Configuration.of(
  Object.entries({
    'taskmanager.numberOfTaskSlots': '2',
    'parallelism.default': '2',
    'execution.checkpointing.dir': `${work}/checkpoints`,
    'pipeline.global-job-parameters.count': '2000',
    'pipeline.global-job-parameters.rate': '500',
  }),
);
const cluster = await MiniCluster.start({ configuration });
try {
  const job = await prepareJob(new URL('./every-state.ts', import.meta.url), configuration);
  const jobId = cluster.client.newJobId();
  await cluster.artifacts.put(job.bundle.source);
  await cluster.client.submit({
    jobId,
    module: { sha256: job.bundle.sha256 },
    configuration: configuration.toRecord(),
  });
  const inTheMiddle = Promise.withResolvers<void>();
  void cluster.client.watch(jobId, ({ vertices }) => {
    const [source] = vertices;
    const counts = source?.subtasks.map(({ counters }) => counters?.numRecordsIn ?? 0) ?? [];
    if (counts.reduce((a, b) => a + b, 0) > 800) inTheMiddle.resolve();
  });
  await inTheMiddle.promise;
  const location = await cluster.client.snapshot(jobId, 'savepoint', {
    directory: `${work}/savepoints`,
    stop: true,
  });
  await rename(location.replace(/^file:\/\//, ''), `${folder}${name}`);
} finally {
  await cluster.stop();
  await rm(work, { recursive: true });
}
