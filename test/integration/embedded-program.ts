// A program that runs the job of its first argument in an embedded cluster, as users' programs do.
import { runEmbedded } from 'millrace/cluster';

const { job } = await runEmbedded(process.argv[2] ?? '', {
  slots: 2,
  onUpdate: ({ status, vertices }) => {
    const records =
      vertices[0]?.subtasks.reduce((n, { counters }) => n + (counters?.numRecordsIn ?? 0), 0) ?? 0;
    console.log(`${status} ${records}`);
  },
});
console.log(`ended ${job.status}`);
