import { availableParallelism } from 'node:os';
import { UserError } from '../../src/base/errors.ts';
import type { JobId } from '../../src/base/ids.ts';
import { EMBEDDED_CANCELLATION_MS } from '../../src/base/limits.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { NATS_OPTIONS } from '../../src/config/nats-options.ts';
import { OPTIONS } from '../../src/config/options.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';
import { MiniCluster } from './mini-cluster.ts';
import { prepareJob } from './prepare-job.ts';
import type { PreparedJob } from './prepare-job.ts';

export interface EmbeddedOptions {
  /** Which export of the module is the job; default: its default export. */
  readonly exportName?: string;
  /** TaskManagers of the mini-cluster; default 1. */
  readonly taskManagers?: number;
  /** Slots (threads) of each; default: the machine's parallelism over all of them, and as many as the job needs. */
  readonly slots?: number;
  /** `parallelism.default` is the number of slots unless it is set here. */
  readonly configuration?: Configuration;
  readonly logger?: Logger;
  /** Where reporters of metrics write, and say where they serve; default: `logger`. */
  readonly metricsLogger?: Logger;
  /** Called with each new state of the job. */
  readonly onUpdate?: (job: JobDetails) => void;
  /** Where the job's standard output goes; default: this process's. */
  readonly output?: NodeJS.WritableStream;
  /**
   * Cancels the job when aborted. Without it SIGINT and SIGTERM do so; the process then ends by that signal once
   * everything is stopped.
   */
  readonly signal?: AbortSignal;
}

/** A job that has ended in an embedded cluster, which is stopped. */
export interface EmbeddedRun {
  /** As it ended: FINISHED, FAILED (with `failure`) or CANCELED. */
  readonly job: JobDetails;
  /** Rows of the job's `collect(collectId)`; default id `collect`. */
  collect(collectId?: string): readonly unknown[];
}

/**
 * Runs a job's module to its end in a cluster inside this process: bundles it, starts a mini-cluster, submits, follows
 * and stops everything, whatever happens.
 * @throws UserError when the module is no job or is refused; a job that fails does not throw, see `job.status`.
 */
export async function runEmbedded(module: URL | string, options: EmbeddedOptions = {}): Promise<EmbeddedRun> {
  if (options.signal !== undefined) return run(module, options, options.signal);
  const signals = handleSignals();
  try {
    return await run(module, options, signals.signal);
  } finally {
    signals.end();
  }
}

async function run(
  module: URL | string,
  options: EmbeddedOptions,
  signal: AbortSignal,
): Promise<EmbeddedRun> {
  const { configuration, taskManagers, slots } = resolve(options);
  const prepared = await prepareJob(module, configuration, options.exportName);
  const enough = options.slots ?? Math.max(slots, Math.ceil(prepared.slots / taskManagers));
  const cluster = await MiniCluster.start({
    taskManagers,
    configuration: withValue(configuration, OPTIONS.slotsPerTaskManager.key, enough),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
    ...(options.metricsLogger === undefined ? {} : { metricsLogger: options.metricsLogger }),
    ...(options.output === undefined ? {} : { output: options.output }),
  });
  try {
    signal.throwIfAborted();
    const jobId = cluster.client.newJobId();
    const job = await follow(cluster, prepared, { jobId, configuration, signal, onUpdate: options.onUpdate });
    const read = cluster.resultsOf(jobId);
    return { job, collect: (collectId = 'collect') => read?.(collectId) ?? [] };
  } finally {
    await cluster.stop();
  }
}

interface Following {
  readonly jobId: JobId;
  readonly configuration: Configuration;
  readonly signal: AbortSignal;
  readonly onUpdate: ((job: JobDetails) => void) | undefined;
}

/** Submits and waits for the end; an abort cancels the job, and gives up when that takes too long. */
async function follow(
  cluster: MiniCluster,
  prepared: PreparedJob,
  following: Following,
): Promise<JobDetails> {
  const { jobId, configuration, signal, onUpdate } = following;
  const { client, environment } = cluster;
  const { promise: gaveUp, reject } = Promise.withResolvers<never>();
  void cluster.failed.then(reject);
  gaveUp.catch(() => {});
  let latest: JobDetails | undefined;
  let cancelling = false;
  const cancel = (): void => {
    if (cancelling) return;
    cancelling = true;
    // Before the job is accepted there is nothing to cancel: the next update tries again.
    client.cancel(jobId).catch(() => {
      cancelling = false;
    });
  };
  let timer: ReturnType<typeof environment.clock.setTimeout> | undefined;
  const abort = (): void => {
    cancel();
    timer = environment.clock.setTimeout(
      () =>
        reject(
          new UserError(
            `job ${jobId} did not stop within ${EMBEDDED_CANCELLATION_MS} ms: its threads are ended`,
          ),
        ),
      EMBEDDED_CANCELLATION_MS,
    );
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    const sha256 = await cluster.artifacts.put(prepared.bundle.source);
    const submission = {
      jobId,
      module: { sha256 },
      configuration: configuration.without(Object.values(NATS_OPTIONS)).toRecord(),
    };
    const ended = client.execute(submission, (job) => {
      latest = job;
      if (signal.aborted) cancel();
      onUpdate?.(job);
    });
    return await Promise.race([ended, gaveUp]).catch((error: unknown) => {
      if (signal.aborted && latest !== undefined) return latest;
      throw error;
    });
  } finally {
    signal.removeEventListener('abort', abort);
    if (timer !== undefined) environment.clock.clearTimeout(timer);
  }
}

function resolve(options: EmbeddedOptions): {
  configuration: Configuration;
  taskManagers: number;
  slots: number;
} {
  const { configuration = Configuration.EMPTY, taskManagers = 1 } = options;
  const configured = configuration.has(OPTIONS.slotsPerTaskManager)
    ? configuration.get(OPTIONS.slotsPerTaskManager)
    : Math.ceil(availableParallelism() / taskManagers);
  const slots = options.slots ?? configured;
  const parallel = configuration.has(OPTIONS.parallelism)
    ? configuration
    : withValue(configuration, OPTIONS.parallelism.key, slots * taskManagers);
  return { configuration: parallel, taskManagers, slots };
}

function withValue(configuration: Configuration, key: string, value: number): Configuration {
  return configuration.with(Configuration.of([[key, String(value)]]));
}

/** SIGINT and SIGTERM as an abort; `end` lets the signal take its usual effect, late. */
function handleSignals(): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  let caught: NodeJS.Signals | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    caught ??= name;
    controller.abort(new UserError(`interrupted by ${name}`));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    end: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      if (caught !== undefined) process.kill(process.pid, caught);
    },
  };
}
