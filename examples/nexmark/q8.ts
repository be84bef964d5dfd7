// Query 8, new users: persons who opened an auction in the 10 s in which they appeared.
import { defineJob, Time, TumblingEventTimeWindows } from 'millrace';
import type { Person } from './generator/index.ts';
import { emit } from './sink.ts';
import { views } from './views.ts';

export interface NewSeller {
  readonly id: number;
  readonly name: string;
  readonly starttime: number;
}

const SIZE_MS = 10_000;

/** A person with the start of the window it appeared in. */
export const toNewSeller = ({ id, name, dateTime }: Person): NewSeller => ({
  id,
  name,
  starttime: dateTime - (dateTime % SIZE_MS),
});

export default defineJob('nexmark q8', (env) => {
  const { persons, auctions } = views(env);
  const newSellers = persons
    .map(toNewSeller)
    .coGroup(auctions.map((auction) => auction.seller))
    .where((person) => person.id)
    .equalTo((seller) => seller)
    .window(TumblingEventTimeWindows.of(Time.milliseconds(SIZE_MS)))
    .apply<NewSeller>((appeared, opened, out) => {
      if (opened.length === 0) return;
      const names = new Set<string>();
      for (const person of appeared) {
        if (names.has(person.name)) continue;
        names.add(person.name);
        out.collect(person);
      }
    })
    .name('new sellers')
    .uid('new-sellers');
  emit(env, newSellers);
});
