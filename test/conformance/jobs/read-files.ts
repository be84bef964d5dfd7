import { BAD_RECORDS, defineJob, FileSource, WatermarkStrategy } from 'millrace';
import type { BadRecordPolicy } from 'millrace';

/** Reads `input` as `format` and collects what is good and, apart, what is not. */
export default defineJob('read files', (env) => {
  const badRecords = env.getParameter('policy', 'fail') as BadRecordPolicy;
  const input = env.getParameter('input');
  const source = {
    parquet: () => FileSource.parquet(input, { badRecords }),
    csv: () => FileSource.csv(input, { badRecords }),
    json: () => FileSource.jsonLines(input, { badRecords, splitBytes: 64 }),
  }[env.getParameter('format')] as () => FileSource<unknown>;
  const records = env.fromSource(source(), WatermarkStrategy.noWatermarks(), 'files');
  records.collect('good');
  records.getSideOutput(BAD_RECORDS).collect('bad');
});
