import { defineJob } from 'millrace';

export default defineJob('throws', (env) => {
  const readings: readonly number[] | undefined = env.getParameter('readings', '') === '' ? undefined : [1];
  if (readings === undefined) throw new Error('no readings today');
  env.fromCollection(readings).print();
});
