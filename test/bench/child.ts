import { BENCHES } from './benches/index.ts';

/** One run of one bench in a process of its own: `child.ts <name> <records>`; the measurement goes to the parent. */
const [name, records] = process.argv.slice(2);
const bench = BENCHES.find((candidate) => candidate.name === name);
if (bench === undefined || process.send === undefined)
  throw new Error('started without a parent or a known bench');
const measurement = await bench.run(Number(records));
process.send?.(measurement, () => process.disconnect?.());
