/** Every bound that is not a configuration key, in one place, with its unit in the name. */

/** Target number of records in a batch on a channel. */
export const BATCH_RECORDS = 512;
/** Records a source hands over at once. */
export const SOURCE_BATCH_RECORDS = 1024;
/** Largest serialized frame; fits NATS's default max_payload of 1 MiB with headers. */
export const MAX_FRAME_BYTES = 256 * 1024;
/** Batches that may wait in a same-slot channel. */
export const SLOT_CHANNEL_BATCHES = 16;
/** Bytes of a shared-memory ring per channel. */
export const RING_BYTES = 1024 * 1024;
/** Frames a network channel may have in flight. */
export const NETWORK_CHANNEL_FRAMES = 32;
/** Time a task may run before its slot's loop gives the next one a turn. */
export const STEP_BUDGET_MS = 1;
/** Longest sleep of an idle slot loop. */
export const IDLE_SLEEP_MAX_MS = 100;
/** A quiet network channel repeats its last sequence number this often, so that a lost tail shows. */
export const CHANNEL_KEEPALIVE_MS = 500;
/** A network channel with nothing heard for this long has failed. */
export const CHANNEL_SILENCE_MS = 5_000;
/** Credits of a network channel are repeated this often. */
export const CREDIT_REPEAT_MS = 250;
/** Characters of a record shown in an error. */
export const RECORD_PREVIEW_CHARS = 200;
/** Rows of `collect()` in one message to the client. */
export const RESULT_ROWS_PER_MESSAGE = 1_000;
/** Rows of `collect()` that a job may hold for its client. */
export const RESULT_ROWS_MAX = 5_000_000;
/** Largest job or operator name in characters. */
export const NAME_CHARS_MAX = 20_000;
