// Keeps every record on the heap, whatever comes: more than a slot with little memory can hold.
import { defineJob } from 'millrace';

const hoard: unknown[] = [];

export default defineJob('hoards', (env) => {
  env
    .fromCollection(Array.from({ length: 1_000_000 }, (_, n) => n))
    .filter((n) => {
      hoard.push(Array.from({ length: 60 }, () => n + 0.5));
      return false;
    })
    .print();
});
