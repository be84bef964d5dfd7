import { OutputTag } from '../functions/output-tag.ts';
import { BAD_RECORDS_ID } from '../functions/sink.ts';
import type { BadRecord } from '../functions/sink.ts';

/** Records that a source with `badRecords: 'dead-letter'` could not decode: `source.getSideOutput(BAD_RECORDS)`. */
export const BAD_RECORDS = new OutputTag<BadRecord>(BAD_RECORDS_ID);
