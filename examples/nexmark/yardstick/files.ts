import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BID } from '../generator/index.ts';
import { minuteNumber, partitionOf } from '../q10.ts';
import { yardstick } from './measure.ts';

const PIECE_CHARS = 256 * 1_024;

/** Files of a temporary folder, which is removed. */
export const q10 = yardstick((rows) => {
  const output = mkdtempSync(join(tmpdir(), 'nexmark-q10-'));
  const open = new Map<number, { readonly folder: string; text: string }>();
  const complete = (watermark: number): void => {
    for (const [minute, { folder, text }] of open) {
      if ((minute + 1) * 60_000 > watermark) continue;
      appendFileSync(join(folder, 'part.csv'), text);
      writeFileSync(join(folder, '_SUCCESS'), '');
      open.delete(minute);
    }
  };
  return {
    batch: (events, watermark) => {
      for (const event of events) {
        if (event.eventType !== BID) continue;
        const minute = minuteNumber(event.dateTime);
        let partition = open.get(minute);
        if (partition === undefined) {
          partition = { folder: join(output, partitionOf(minute)), text: '' };
          open.set(minute, partition);
          mkdirSync(partition.folder, { recursive: true });
        }
        // Numbers and letters only: nothing to quote.
        partition.text += `${event.auction},${event.bidder},${event.price},${event.dateTime},${event.extra}\n`;
        rows.add(event);
        if (partition.text.length < PIECE_CHARS) continue;
        appendFileSync(join(partition.folder, 'part.csv'), partition.text);
        partition.text = '';
      }
      complete(watermark);
    },
    end: () => {
      complete(Number.POSITIVE_INFINITY);
      rmSync(output, { recursive: true });
    },
  };
});
