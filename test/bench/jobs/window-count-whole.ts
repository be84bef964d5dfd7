import { Aggregates } from 'millrace';
import { windowCount } from './window-count.ts';

const { fields: _read, ...silent } = Aggregates.count();

/** The same where the aggregate does not say what it reads: whole bids cross the exchange. */
export default windowCount(silent);
