import type { Scenario } from './simulate.ts';
import { REMOTE_COUNT, STATEFUL_COUNT, UNALIGNED_COUNT } from './stateful-count.ts';
import { WORD_COUNT } from './word-count.ts';

/** All scenarios; a new one is a file and a line here. */
export const SCENARIOS: readonly Scenario[] = [WORD_COUNT, STATEFUL_COUNT, UNALIGNED_COUNT, REMOTE_COUNT];
