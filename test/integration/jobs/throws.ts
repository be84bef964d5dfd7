import { defineJob } from 'millrace';

export default defineJob('throws', (env) => {
  env
    .fromCollection(['1', '2', 'not a number'])
    .map((text) => {
      const value = Number(text);
      if (Number.isNaN(value)) throw new TypeError(`cannot parse ${text.length} letters`);
      return value;
    })
    .name('parse')
    .setParallelism(1)
    .print();
});
