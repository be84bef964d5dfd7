import { defineJob } from 'millrace';
import type { JobDefinition } from 'millrace';

const counting = (name: string): JobDefinition =>
  defineJob(name, (env) => {
    env.fromCollection([env.getParameter('first', 'none')]).print(name);
  });

export const up = counting('up');
export const down = counting('down');
