import { BID } from '../generator/index.ts';
import { toRow } from '../q0.ts';
import { inEuros } from '../q1.ts';
import { SIDE_ROWS, sideInput } from '../q13.ts';
import { calculated } from '../q14.ts';
import { CHOSEN } from '../q2.ts';
import { withChannelId } from '../q21.ts';
import { withDirectories } from '../q22.ts';
import { yardstick } from './measure.ts';

export const q0 = yardstick((rows) => ({
  batch: (events) => {
    for (const event of events) if (event.eventType === BID) rows.add(toRow(event));
  },
}));

export const q1 = yardstick((rows) => ({
  batch: (events) => {
    for (const event of events) if (event.eventType === BID) rows.add(inEuros(event));
  },
}));

export const q2 = yardstick((rows) => ({
  batch: (events) => {
    for (const event of events) {
      if (event.eventType === BID && event.auction % CHOSEN === 0)
        rows.add({ auction: event.auction, price: event.price });
    }
  },
}));

export const q13 = yardstick((rows) => {
  const table = sideInput();
  return {
    batch: (events) => {
      for (const event of events) {
        if (event.eventType !== BID) continue;
        const { auction, bidder, price, dateTime } = event;
        const value = table.get(auction % SIDE_ROWS);
        if (value !== undefined) rows.add({ auction, bidder, price, dateTime, value });
      }
    },
  };
});

export const q14 = yardstick((rows) => ({
  batch: (events) => {
    for (const event of events) {
      if (event.eventType !== BID) continue;
      const row = calculated(event);
      if (row !== undefined) rows.add(row);
    }
  },
}));

export const q21 = yardstick((rows) => ({
  batch: (events) => {
    for (const event of events) {
      if (event.eventType !== BID) continue;
      const row = withChannelId(event);
      if (row !== undefined) rows.add(row);
    }
  },
}));

export const q22 = yardstick((rows) => ({
  batch: (events) => {
    for (const event of events) if (event.eventType === BID) rows.add(withDirectories(event));
  },
}));
