/** Every bound that is not a configuration key, in one place, with its unit in the name. */

/** Target number of records in a batch on a channel. */
export const BATCH_RECORDS = 512;
/** Records a source hands over at once. */
export const SOURCE_BATCH_RECORDS = 1024;
/** Largest serialized frame where `taskmanager.memory.segment-size` says nothing. */
export const MAX_FRAME_BYTES = 256 * 1024;
/** Largest and smallest frame that can be configured; the largest is NATS's default max_payload. */
export const FRAME_BYTES_MAX = 1024 * 1024;
export const FRAME_BYTES_MIN = 4 * 1024;
/** Payloads below this are sent as they are: compressing them would save less than a header. */
export const COMPRESSION_MIN_BYTES = 256;
/** Entries of keys, whole numbers, that a heap table finds without hashing; a power of two. */
export const RECENT_KEYS = 1024;
/** Batches that may wait in a same-slot channel: few enough for their records to stay in the cache and die young. */
export const SLOT_CHANNEL_BATCHES = 4;
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
/** A task that has nothing more to say waits so long for those that do not listen any more. */
export const RELEASED_DRAIN_MS = 2_000;
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

/** Longest subject in characters; a NATS server cuts protocol lines at 4 KiB. */
export const SUBJECT_CHARS_MAX = 1024;
/** Largest payload of transports without a server, equal to a NATS server's default. */
export const PAYLOAD_BYTES_MAX = 1024 * 1024;
/** Messages that wait for one connection of the in-process hub before newer ones are dropped and counted. */
export const HUB_QUEUE_MESSAGES = 65_536;
/** Bytes that wait for one connection of the in-process hub before newer messages are dropped and counted. */
export const HUB_QUEUE_BYTES = 64 * 1024 * 1024;
/** Messages the in-process hub delivers before it lets the event loop turn. */
export const HUB_BATCH_MESSAGES = 1024;
/** Bytes a transport may have accepted and not yet seen confirmed by the other end; above, `publish` refuses. */
export const TRANSPORT_UNCONFIRMED_BYTES = 32 * 1024 * 1024;
/** Pause of a channel whose transport has that much under way. */
export const TRANSPORT_RETRY_MS = 5;
/** Messages a bridge between threads may have under way in one direction. */
export const BRIDGE_UNCONFIRMED_MESSAGES = 32_768;
/** Bytes or messages (a share of the bound) after which the other end confirms. */
export const CONFIRM_SHARE = 1 / 8;
/** Payloads from this size on are moved between threads, smaller ones are copied. */
export const BRIDGE_TRANSFER_BYTES = 16 * 1024;
/** Longest wait for the last published messages when a NATS connection closes. */
export const TRANSPORT_CLOSE_FLUSH_MS = 2_000;
/** Longest wait for a NATS server's greeting. */
export const NATS_CONNECT_TIMEOUT_MS = 5_000;
/** Tries to reach a NATS server at start. */
export const NATS_CONNECT_TRIES = 5;
/** Client pings of a NATS connection; two unanswered ones close it. */
export const NATS_PING_INTERVAL_MS = 5_000;
/** Unanswered pings after which a NATS connection counts as dead. */
export const NATS_PINGS_UNANSWERED = 2;
/** First and longest pause between tries to reach a NATS server. */
export const NATS_RECONNECT_MIN_MS = 100;
export const NATS_RECONNECT_MAX_MS = 5_000;
/** Longest metadata key in characters. */
export const METADATA_KEY_CHARS_MAX = 120;
/** Largest metadata value; fits a NATS message with its headers. */
export const METADATA_VALUE_BYTES_MAX = 960 * 1024;
/** Largest artifact. */
export const ARTIFACT_BYTES_MAX = 256 * 1024 * 1024;
/** Age after which a temporary file of a store counts as left behind by a crash. */
export const TEMPORARY_FILE_AGE_MS = 3_600_000;
/** Compare-and-set rounds an unconditional write makes against competing writers. */
export const METADATA_PUT_TRIES = 100;
/** First and longest pause before a failed commit of a sink is tried again. */
export const COMMIT_RETRY_MIN_MS = 100;
export const COMMIT_RETRY_MAX_MS = 30_000;
/** A sink is asked whether it waits (`pending`) after this many records. */
export const SINK_PENDING_CHECK_RECORDS = 64;
/** Largest single record on a serialized channel; larger ones fail the task with RecordTooLargeError. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;
/** Batches a task works on in one step, whatever the budget, so that a frozen (simulated) clock cannot hold the loop. */
export const STEP_BATCHES_MAX = 64;
/** Depth of nested values up to which a record goes through MessagePack; deeper ones go through V8's serializer. */
export const RECORD_DEPTH_MAX = 256;
/** Depth of nested values up to which fields get columns of their own in generated codecs. */
export const SHAPE_DEPTH_MAX = 8;
/** Fields of a record that gets a generated codec. */
export const SHAPE_FIELDS_MAX = 256;
/** Record shapes that one channel tries; a further one takes the place of the least recently used. */
export const CHANNEL_SHAPES_MAX = 16;
/** Record shapes whose code a thread keeps, over all its channels. */
export const THREAD_SHAPES_MAX = 256;
/** Characters of short texts that are decoded at once: what a kept text may hold on to beside itself. */
export const TEXT_CHUNK_CHARS = 256;
/** A codec's buffer above this is given back. */
export const CODEC_BUFFER_KEPT_BYTES = 4 * 1024 * 1024;
/** Windows one record may fall into (size / slide) where panes cannot be shared. */
export const WINDOWS_PER_RECORD_MAX = 10_000;
/** Panes of a sliding window up to which each window is merged from its panes anew; above, from the window before. */
export const WINDOW_PANES_MERGED_ANEW = 8;

/** Rows that `collect()` and `print()` hold before the task waits for their delivery. */
export const SINK_BUFFER_ROWS = 4_096;
/** Running tasks report their counters this often. */
export const PROGRESS_INTERVAL_MS = 500;
/** Shared memory for the rings of one subtask, all its channels together. */
export const RINGS_PER_TASK_BYTES = 32 * 1024 * 1024;
/** Smallest ring of a channel. */
export const RING_BYTES_MIN = 64 * 1024;
/** Longest answer time of a store over the network for one small operation. */
export const STORE_TIMEOUT_MS = 10_000;
/** Longest time to move one artifact over the network. */
export const ARTIFACT_TIMEOUT_MS = 120_000;
/** Longest time a trace collector may take for one batch, by default. */
export const TRACE_EXPORT_TIMEOUT_MS = 10_000;
/** Spans are sent this long after the first that waits. */
export const TRACE_EXPORT_DELAY_MS = 500;
/** Spans that wait to be sent; more are dropped. */
export const TRACE_QUEUE_SPANS = 8_192;
/** Bytes a file source reads at once. */
export const FILE_READ_BYTES = 256 * 1024;
/** Blocks of records a file source decodes ahead of the task. */
export const FILE_BLOCKS_AHEAD = 4;
/** Longest line or CSV record of a file. */
export const FILE_RECORD_BYTES_MAX = 64 * 1024 * 1024;
/** Files of lines are cut into splits of about this many bytes. */
export const FILE_SPLIT_BYTES = 32 * 1024 * 1024;
/** Text a file sink gathers before it writes. */
export const FILE_WRITE_CHARS = 256 * 1024;
/** Text a file sink holds before the task waits for the disk. */
export const FILE_BUFFER_CHARS = 2 * 1024 * 1024;
/** A source's subtask that has missed so many reports of its watermark, and was silent for so long, holds back no other one. */
export const ALIGNMENT_REPORTS_MISSED = 10;
export const ALIGNMENT_SILENCE_MS = 10_000;
/** Shortest and longest wait for the answer to a report of a watermark; between them, the interval of reports. */
export const ALIGNMENT_ANSWER_MIN_MS = 200;
export const ALIGNMENT_ANSWER_MAX_MS = 2_000;
/** Memory of one operator that sorts its input by key in execution mode BATCH, where `execution.sorted-inputs.memory` says nothing. */
export const SORTED_INPUTS_BYTES = 128 * 1024 * 1024;
/** What a record in memory occupies beside its fields, as an estimate. */
export const SPILL_RECORD_OVERHEAD_BYTES = 64;
/** Records whose size is measured: so many at the beginning, then every so-manieth. */
export const SPILL_SAMPLES_FIRST = 32;
export const SPILL_SAMPLE_EVERY = 64;
/** Records and bytes of one block in a temporary file. */
export const SPILL_BLOCK_RECORDS = 1_024;
export const SPILL_BLOCK_BYTES = 64 * 1024;
/** Bytes that are written to a temporary file at once. */
export const SPILL_WRITE_BYTES = 1024 * 1024;
/** Bytes that are read from each of the files that are merged at once. */
export const SPILL_READ_BYTES = 128 * 1024;
/** Temporary files that are merged into one when there are so many of about one size. */
export const SPILL_FAN_IN = 32;
/** Records of one key that are merged at a time. */
export const SPILL_MERGE_RECORDS = 512;
/** A file sink looks at the age of its part this often, or as often as it may become too old. */
export const FILE_ROLL_CHECK_MS = 60_000;
/** Time a rate-limited generator may catch up after a stall. */
export const GENERATOR_BURST_MS = 1_000;
/** Messages a JetStream source holds per split before it stops pulling. */
export const JETSTREAM_BUFFER_MESSAGES = 8_192;
/** Messages of one pull from JetStream. */
export const JETSTREAM_PULL_MESSAGES = 1_024;
/** Longest wait of one pull from JetStream. */
export const JETSTREAM_PULL_EXPIRES_MS = 5_000;
/** Pulls from JetStream that may fail one after the other before the source fails. */
export const JETSTREAM_PULL_TRIES = 5;
/** Pause after a failed pull from JetStream. */
export const JETSTREAM_PULL_PAUSE_MS = 1_000;
/** Tries per server to restore a connector's lost NATS connection before it fails. */
export const JETSTREAM_RECONNECT_TRIES = 20;
/** Published messages of a JetStream sink that may wait for their acknowledgement. */
export const JETSTREAM_PUBLISH_WINDOW = 512;
/** Bytes of them; a single message may be larger. */
export const JETSTREAM_PUBLISH_BYTES = 16 * 1024 * 1024;
/** Messages of one atomic batch that a server takes. */
export const JETSTREAM_BATCH_MESSAGES = 1_000;
/** Bytes of one atomic batch, which the server holds in memory until it is complete. */
export const JETSTREAM_BATCH_BYTES = 16 * 1024 * 1024;
/** Bytes that a subtask of an exactly-once JetStream sink keeps for one checkpoint. */
export const JETSTREAM_STAGED_BYTES = 1024 * 1024 * 1024;
/** Longest wait for the acknowledgement of a published message. */
export const JETSTREAM_ACK_TIMEOUT_MS = 10_000;
/** Rows that a PostgreSQL sink gathers before it writes them. */
export const POSTGRES_BATCH_ROWS = 1_000;
/** Rows of one INSERT, and parameters of one statement (a bound of the protocol). */
export const POSTGRES_ROWS_PER_STATEMENT = 500;
export const POSTGRES_PARAMETERS_MAX = 65_534;
/** Longest wait for a PostgreSQL server's greeting. */
export const POSTGRES_CONNECT_TIMEOUT_MS = 10_000;
/** Longest wait for an interrupted embedded job to stop by itself; then its threads are ended. */
export const EMBEDDED_CANCELLATION_MS = 10_000;
/** Longest wait of the command line for a dispatcher's first answer. */
export const CLI_PROBE_MS = 10_000;
/** Longest wait for a node process to end after SIGTERM; then it is killed. */
export const NODE_STOP_MS = 10_000;
/** Longest wait for a local cluster's slots to be registered. */
export const CLUSTER_START_MS = 60_000;
/** A second Ctrl-C within this time is the same one, delivered twice (npx forwards what the terminal also sent). */
export const REPEATED_SIGNAL_MS = 500;
/** Longest wait for an own nats-server to listen. */
export const NATS_SERVER_START_MS = 20_000;
/** Bytes in flight towards one slot over all its network channels: a quarter of a server's pending limit (64 MiB). */
export const NETWORK_SLOT_BYTES = 16 * 1024 * 1024;
/** Fewest frames a network channel may have in flight. */
export const NETWORK_CHANNEL_FRAMES_MIN = 2;
/** Tries to open a bucket that another node makes at the same time, and the pause between two. */
export const BUCKET_OPEN_TRIES = 20;
export const BUCKET_OPEN_PAUSE_MS = 50;
/** Bytes of rows of `collect()` in one message: with the rest of it below the default payload limit of a server (1 MiB). */
export const RESULT_MESSAGE_BYTES = 512 * 1024;
/** Entries of one state and key group that are written to a snapshot at once. */
export const SNAPSHOT_CHUNK_BYTES = 64 * 1024;
/** Bytes of a snapshot that may wait for the store before the task pauses writing it. */
export const SNAPSHOT_PENDING_BYTES = 32 * 1024 * 1024;
/** Bytes of a snapshot that are read at once. */
export const SNAPSHOT_READ_BYTES = 8 * 1024 * 1024;
/** Rows that a task writes to a snapshot between two looks at the clock. */
export const SNAPSHOT_ROWS_PER_LOOK = 32;
/** Deltas of keyed state after which a checkpoint writes everything again. */
export const SNAPSHOT_DELTAS_MAX = 10;
/** Operator state up to this size travels in the acknowledgement; more goes to a file. */
export const OPERATOR_STATE_INLINE_BYTES = 16 * 1024;
/** Share of a task's step that writing a snapshot may take while records wait. */
export const SNAPSHOT_STEP_MS = 0.5;
/** Files that a snapshot store reads, lists or deletes at once. */
export const STORE_PARALLEL_FILES = 8;
/** Tries to put a file into a folder that other processes remove whenever it is empty. */
export const STORE_FOLDER_TRIES = 10;
/** Entries of a decision log that stay when older ones are removed. */
export const DECISIONS_KEPT = 16;
/** Old entries of a decision log that one decision removes at most. */
export const DECISIONS_PRUNED_AT_ONCE = 8;
/** Tries of a decision log against its store, which has retried by itself, or against other leaders. */
export const DECISION_STORE_TRIES = 5;
/** Of the standard output of a node's slots: how much is kept in a file, and waits for it to be written. */
export const OUTPUT_KEPT_BYTES = 64 * 1024 * 1024;
export const OUTPUT_HELD_BYTES = 1024 * 1024;
/** Flame graphs that a JobManager keeps. */
export const FLAME_GRAPHS_KEPT = 100;
/** Longest sampling for a flame graph, ms. */
export const SAMPLED_MS_MAX = 60_000;
/** Sampling of a thread whose stack is to be shown, ms. */
export const STACK_SAMPLED_MS = 20;
/** Largest file of a profile that is shown. */
export const PROFILE_BYTES_MAX = 64 * 1024 * 1024;
/** Nodes of one thread's call tree; the deepest are left out. */
export const CALL_TREE_NODES = 4_000;
/** Of each message of a job's failure, what is kept once it has ended; characters. */
export const ENDED_JOB_MESSAGE_CHARS = 4_000;
/** How often it is looked whether jobs could have another parallelism; ms. */
export const RESCALE_TICK_MS = 500;

/** Between two tries to start a job of the leader before, ms. */
export const RECOVERY_PAUSE_MIN_MS = 1_000;
export const RECOVERY_PAUSE_MAX_MS = 30_000;
/** How often a cluster says that a checkpoint directory is its own, ms. */
export const DIRECTORY_RENEWAL_MS = 5_000;
/** A cluster that has not said so for this time does not use the directory any more, ms. */
export const DIRECTORY_LEASE_MS = 20_000;
/** Smallest part of an upload to S3, and the default: 5 MiB. */
export const S3_PART_BYTES_MIN = 5 * 1024 * 1024;
/** Tries of one request to S3, with growing pauses between them. */
export const S3_ATTEMPTS = 5;
/** Longest wait for a connection to S3, for the answer to a request, and for more of an answer. */
export const S3_CONNECT_TIMEOUT_MS = 5_000;
export const S3_REQUEST_TIMEOUT_MS = 30_000;
export const S3_SOCKET_TIMEOUT_MS = 30_000;
/** Files that one request to S3 deletes at most. */
export const S3_DELETE_BATCH = 1_000;
/** Records in channels that an unaligned checkpoint of one task takes over; beyond, it waits for some to be processed. */
export const UNALIGNED_RECORDS_MAX = 16 * 1024;
/** Rates are the growth between two samples that are so far apart, at least. */
export const METRIC_VIEW_INTERVAL_MS = 5_000;
/** Seconds that a rate is the average of, where nothing else is said, and at most. */
export const METER_WINDOW_SECONDS = 60;
export const METER_WINDOW_SECONDS_MAX = 3_600;
/** Values that a histogram holds, where nothing else is said, and at most. */
export const HISTOGRAM_VALUES = 1_000;
export const HISTOGRAM_VALUES_MAX = 100_000;
/** Slot threads hand their metrics to their process this often. */
export const METRIC_COLLECT_INTERVAL_MS = 1_000;
/** How far ahead a timer is set to see how late it comes to a task, and how many of these times are held. */
export const MAILBOX_PROBE_MS = 1;
export const MAILBOX_LATENCIES = 60;
/** Metrics that the functions of one operator's subtask may register; more are not reported. */
export const METRICS_PER_OPERATOR_MAX = 1_000;
/** Characters of the name of a metric or group. */
export const METRIC_NAME_CHARS_MAX = 200;
/** Characters of the value of a gauge that is a text. */
export const METRIC_TEXT_CHARS_MAX = 1_000;
/** Channels of a subtask, each way, that have metrics of their own. */
export const METRIC_CHANNELS_MAX = 1_000;
/** Ticks by which the delay of the event loop is measured, and the time over which its figures are taken. */
export const EVENT_LOOP_RESOLUTION_MS = 20;
export const EVENT_LOOP_DELAY_WINDOW_MS = 10_000;
/**
 * Bytes of one part of a TaskManager's report of metrics, about, and the most parts of one; what is beyond is left out. Parts are
 * small, so that reading one holds the JobManager up for two or three ms.
 */
export const METRIC_REPORT_BYTES = 64 * 1024;
export const METRIC_REPORT_PARTS_MAX = 256;
/** The JobManager forgets the metrics of a TaskManager that has missed so many reports, and was silent for so long. */
export const METRIC_STALE_REPORTS = 3;
export const METRIC_STALE_MIN_MS = 30_000;
/** Longest time that somebody who scrapes metrics may take for the request. */
export const METRICS_REQUEST_TIMEOUT_MS = 10_000;
/** Bytes from which on scraped metrics are compressed for those who take it. */
export const METRICS_GZIP_MIN_BYTES = 1_024;

/** Attempts of a subtask that its job-manager remembers. */
export const ATTEMPTS_KEPT = 10;
/** Earlier attempts of all subtasks together that one answer tells of. */
export const ATTEMPTS_TOLD = 2_000;
/** Failures of tasks that are kept with the one that began a restart. */
export const CONCURRENT_FAILURES_KEPT = 4;
/** Tries to post an alert, the pause after the first (doubled after each), and posts under way at once; more are dropped. */
export const ALERT_POST_TRIES = 4;
export const ALERT_POST_PAUSE_MS = 1_000;
export const ALERT_POSTS_MAX = 64;
/** Largest body of a request to the REST API that is no upload, and how deep its JSON may be. */
export const REST_BODY_BYTES = 1024 * 1024;
export const REST_BODY_DEPTH = 32;
/** How long a request to the REST API may take to arrive, and a connection may be idle. */
export const REST_REQUEST_MS = 30_000;
export const REST_IDLE_MS = 60_000;
/** Modules that are being submitted with nobody waiting, and those refused that are remembered. */
export const SUBMISSIONS_UNDER_WAY_MAX = 16;
export const SUBMISSIONS_REFUSED_KEPT = 100;
/** Longest part of a path between two slashes. */
export const REST_PATH_PARAMETER_CHARS = 300;
/** Answers that take the same look at the cluster within this time share it. */
export const REST_SHARED_LOOK_MS = 50;
/** Log files of a process that are listed, and the part of one that is shown: its last bytes. */
export const LOG_FILES_SHOWN = 100;
export const LOG_SHOWN_BYTES = 16 * 1024 * 1024;
/** Bytes of a log in one message. */
export const LOG_PART_BYTES = 256 * 1024;
/** What an uploaded archive may unpack to. */
export const ARCHIVE_BYTES = 200 * 1024 * 1024;
export const ARCHIVE_FILES = 5_000;

/** Control messages of more bytes are compressed. */
export const COMPRESSED_MESSAGE_BYTES = 64 * 1024;
/** What a compressed control message may hold; bytes. */
export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

/** Of state files, so much is put together on the heap while state is restored into RocksDB; bytes. */
export const RESTORE_SLICE_BYTES = 16 * 1024 * 1024;

/** Loads of remote key groups that are under way at a time, per operator of a subtask. */
export const GROUP_LOADS_MAX = 4;
/** Of these, loads of groups that nobody has asked for: what is asked for does not wait behind them. */
export const GROUP_LOADS_UNASKED = 2;
/** Of state files, so much is loaded together where remote key groups are small; bytes. */
export const GROUP_LOAD_BYTES = 1024 * 1024;
/** After so long in one go, a load lets records through, ms. */
export const GROUP_LOAD_STEP_MS = 2;
/** Rows of a remote key group that are written to the local store at once. */
export const GROUP_LOAD_ROWS = 128;

/** How long `millrace savepoint check` waits for the `open()` of one operator. */
export const STATE_CHECK_OPEN_MS = 10_000;
