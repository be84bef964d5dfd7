export type { KeyedRecords } from './key-group-table.ts';
export { SizeEstimate } from './size-estimate.ts';
export { SortedInput } from './sorted-input.ts';
export { keyOfInputs } from './spilled-run.ts';
