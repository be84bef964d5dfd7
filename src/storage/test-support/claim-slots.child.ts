// Run as a process of its own: claims slots in a shared directory and reports which ones it won.
import { FilesystemSnapshotStore } from '../filesystem/snapshot-store.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';

const [directory = '', slots = '0'] = process.argv.slice(2);
const random = new SeededRandom(process.pid);
const store = await FilesystemSnapshotStore.open({ directory, random, clock: new SimulatedClock() });
process.send?.('ready');
process.once('message', () => {
  void claim().then((won) => process.send?.(won, undefined, undefined, () => process.disconnect?.()));
});

async function claim(): Promise<number[]> {
  const won: number[] = [];
  for (let slot = 0; slot < Number(slots); slot++) {
    const content = new TextEncoder().encode(String(process.pid));
    if (await store.createExclusive(`decisions/${slot}`, content)) won.push(slot);
  }
  return won;
}
