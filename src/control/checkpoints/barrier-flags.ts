/** The bits of a barrier; they are those of the data plane's channels. */
export const SAVEPOINT_FLAG = 1;
export const STOP_FLAG = 2;
export const DRAIN_FLAG = 4;
export const FULL_FLAG = 8;
export const INCREMENTAL_FLAG = 16;
