import { QUERIES } from '../../../examples/nexmark/index.ts';
import type { YardstickResult } from '../../../examples/nexmark/index.ts';
import { toParent } from '../children.ts';
import { cpuSeconds } from '../measure.ts';

export interface YardstickRun extends YardstickResult {
  readonly cpuSeconds: number;
}

/** One run of a query's yardstick: `yardstick.child.ts <query> <events>`. */
const [name = '', events] = process.argv.slice(2);
const query = QUERIES[name];
if (query === undefined) throw new Error(`there is no query "${name}"`);
const before = cpuSeconds();
const result = query.yardstick(Number(events));
toParent({ ...result, cpuSeconds: cpuSeconds() - before } satisfies YardstickRun);
