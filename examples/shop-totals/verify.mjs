// Reads what examples/02-shop-totals.ts wrote and says whether every order is there once, with the total that its shop had.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [folder = 'out/02/lines', orders = '60000'] = process.argv.slice(2);

/** Totals by order. What no checkpoint has committed has a name that begins with a dot, and is nothing yet. */
const found = new Map();
const wrong = [];
for (const name of readdirSync(folder).filter((file) => !file.startsWith('.'))) {
  for (const line of readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')) {
    const { id, total } = JSON.parse(line);
    if (found.has(id)) wrong.push(`order ${id} is there twice`);
    found.set(id, total);
  }
}

const totals = new Map();
for (let id = 0; id < Number(orders); id += 1) {
  const shop = id % 8;
  const total = (totals.get(shop) ?? 0) + 100 + ((id * 7_919) % 9_901);
  totals.set(shop, total);
  if (!found.has(id)) wrong.push(`order ${id} is missing`);
  else if (found.get(id) !== total)
    wrong.push(`order ${id} has total ${found.get(id)} where ${total} is right`);
}

if (wrong.length === 0) console.log(`All ${orders} orders are there once, with the right totals.`);
else {
  console.log(`${wrong.slice(0, 10).join('\n')}\n${wrong.length} things are wrong.`);
  process.exitCode = 1;
}
