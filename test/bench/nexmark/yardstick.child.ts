import { QUERIES } from '../../../examples/nexmark/index.ts';
import { toParent } from '../children.ts';

/** One run of a query's yardstick: `yardstick.child.ts <query> <events>`. */
const [name = '', events] = process.argv.slice(2);
const query = QUERIES[name];
if (query === undefined) throw new Error(`there is no query "${name}"`);
toParent(query.yardstick(Number(events)));
