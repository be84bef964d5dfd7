import { BENCHES } from './benches/index.ts';
import { toParent } from './children.ts';

/** One run of one bench in a process of its own: `child.ts <name> <records>`. */
const [name, records] = process.argv.slice(2);
const bench = BENCHES.find((candidate) => candidate.name === name);
if (bench === undefined) throw new Error(`there is no bench "${name}"`);
toParent(await bench.run(Number(records)));
