import { defineJob } from 'millrace';

const TEXT = 'to be or not to be that is the question whether tis nobler in the mind to suffer';

/** Counts words with a keyed exchange. */
export default defineJob('word count', (env) => {
  const repeat = Number(env.getParameter('repeat', '100'));
  const lines = Array.from({ length: repeat }, (_, i) => `${TEXT} w${i % 37}`);
  env
    .fromCollection(lines, 'lines')
    .rebalance()
    .flatMap((line: string) => line.split(' ').map((word) => ({ word, count: 1 })))
    .name('split')
    .keyBy('word')
    .sum('count')
    .name('count')
    .collect();
});
