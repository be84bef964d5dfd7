import type { CompileSettings } from '../api/compile.ts';
import type { CheckpointSettings } from '../control/checkpoints/state.ts';
import type { LeaderElectionSettings } from '../control/leader-lease.ts';
import type { RescaleSettings } from '../control/rescale.ts';
import type { RestartPolicy, RestartStrategy } from '../control/restart-strategy.ts';
import type { SlotPlacement } from '../control/slot-manager.ts';
import type { TaskSettings } from '../dataplane/task/task.ts';
import type { RocksDbSettings } from '../storage/rocksdb/settings.ts';
import type { LatencyTrackSettings } from '../state/latency/access-latency.ts';
import type { S3Settings } from '../storage/s3/settings.ts';
import { ConfigurationError } from '../base/errors.ts';
import type { Configuration } from './configuration.ts';
import { OPTIONS } from './options.ts';

/** Configuration turned into what each part reads: numbers and unions, no keys. */

export function restartPolicy(configuration: Configuration): RestartPolicy {
  return {
    strategy: restartStrategy(configuration),
    retryUserFailures: configuration.has(OPTIONS.restartStrategy),
  };
}

function restartStrategy(configuration: Configuration): RestartStrategy {
  const type = configuration.get(OPTIONS.restartStrategy);
  switch (type) {
    case 'none':
      return { type };
    case 'fixed-delay':
      return {
        type,
        attempts: configuration.get(OPTIONS.fixedDelayAttempts),
        delayMs: configuration.get(OPTIONS.fixedDelay),
      };
    case 'failure-rate':
      return {
        type,
        maxFailuresPerInterval: configuration.get(OPTIONS.failureRateMax),
        failureRateIntervalMs: configuration.get(OPTIONS.failureRateInterval),
        delayMs: configuration.get(OPTIONS.failureRateDelay),
      };
    case 'exponential-delay':
      return {
        type,
        initialBackoffMs: configuration.get(OPTIONS.initialBackoff),
        maxBackoffMs: configuration.get(OPTIONS.maxBackoff),
        backoffMultiplier: configuration.get(OPTIONS.backoffMultiplier),
        jitterFactor: configuration.get(OPTIONS.jitterFactor),
        resetBackoffThresholdMs: configuration.get(OPTIONS.resetBackoffThreshold),
        attemptsBeforeResetBackoff: configuration.get(OPTIONS.attemptsBeforeResetBackoff),
      };
  }
}

export function checkpointSettings(configuration: Configuration): CheckpointSettings {
  return {
    intervalMs: configuration.get(OPTIONS.checkpointInterval),
    timeoutMs: configuration.get(OPTIONS.checkpointTimeout),
    minPauseMs: configuration.get(OPTIONS.checkpointMinPause),
    maxConcurrent: configuration.get(OPTIONS.checkpointMaxConcurrent),
    tolerableFailed: configuration.get(OPTIONS.checkpointTolerableFailed),
    retained: configuration.get(OPTIONS.checkpointRetained),
    unalignedAfterMs:
      configuration.get(OPTIONS.checkpointUnaligned) &&
      configuration.get(OPTIONS.checkpointMode) === 'EXACTLY_ONCE'
        ? configuration.get(OPTIONS.checkpointAlignedTimeout)
        : undefined,
    afterTasksFinish: configuration.get(OPTIONS.checkpointAfterTasksFinish),
  };
}

export function compileSettings(configuration: Configuration): CompileSettings {
  return {
    parallelism: configuration.get(OPTIONS.parallelism),
    maxParallelism: configuration.get(OPTIONS.maxParallelism),
    parallelismOverrides: configuration.get(OPTIONS.parallelismOverrides),
    chaining: configuration.get(OPTIONS.chaining),
    genericTypes: configuration.get(OPTIONS.genericTypes),
    name: configuration.get(OPTIONS.jobName),
    runtimeMode: configuration.get(OPTIONS.runtimeMode),
    parameters: configuration.parameters(),
  };
}

export function taskSettings(configuration: Configuration): TaskSettings {
  return {
    bufferTimeoutMs: configuration.get(OPTIONS.bufferTimeout),
    autoWatermarkIntervalMs: configuration.get(OPTIONS.autoWatermarkInterval),
    objectReuse: configuration.get(OPTIONS.objectReuse),
    sortedInputsBytes: configuration.get(OPTIONS.sortedInputsMemory),
    latencyTrack: latencyTrackSettings(configuration),
  };
}

/** How accesses to keyed state are timed; undefined where they are not. */
function latencyTrackSettings(configuration: Configuration): LatencyTrackSettings | undefined {
  if (!configuration.get(OPTIONS.latencyTrackKeyedState)) return undefined;
  return {
    sampleInterval: configuration.get(OPTIONS.latencyTrackSampleInterval),
    historySize: configuration.get(OPTIONS.latencyTrackHistorySize),
    stateNameAsVariable: configuration.get(OPTIONS.latencyTrackStateName),
  };
}

/** Folders of `io.tmp.dirs`. */
export function temporaryFolders(configuration: Configuration): readonly string[] {
  const folders = configuration.get(OPTIONS.temporaryFolders)?.split(',') ?? [];
  return folders.map((folder) => folder.trim()).filter((folder) => folder !== '');
}

export function slotPlacement(configuration: Configuration): SlotPlacement {
  const spread =
    configuration.get(OPTIONS.loadBalance) === 'SLOTS' || configuration.get(OPTIONS.evenlySpread);
  return spread ? 'spread' : 'fill';
}

export function s3Settings(configuration: Configuration): S3Settings {
  return {
    endpoint: configuration.get(OPTIONS.s3Endpoint),
    region: configuration.get(OPTIONS.s3Region),
    accessKey: configuration.get(OPTIONS.s3AccessKey),
    secretKey: configuration.get(OPTIONS.s3SecretKey),
    sessionToken: configuration.get(OPTIONS.s3SessionToken),
    pathStyleAccess: configuration.get(OPTIONS.s3PathStyleAccess),
    partSizeBytes: configuration.get(OPTIONS.s3PartSize),
    concurrentUploads: configuration.get(OPTIONS.s3ConcurrentUploads),
  };
}

/** How a subtask keeps keyed state in a RocksDB of its own; undefined where it is on the heap. */
export function rocksDbSettings(
  configuration: Configuration,
  subtaskIndex: number,
): RocksDbSettings | undefined {
  const backend = configuration.get(OPTIONS.stateBackend);
  if (backend === 'hashmap') return undefined;
  const folders =
    (backend === 'forst' ? configuration.get(OPTIONS.forStDirectory) : undefined) ??
    configuration.get(OPTIONS.rocksDbDirectory) ??
    configuration.get(OPTIONS.temporaryFolders);
  const cacheBytes = configuration.get(OPTIONS.forStCacheLimit);
  const list = (folders ?? '').split(',').map((folder) => folder.trim());
  const named = list.filter((folder) => folder !== '');
  return {
    directory: named[subtaskIndex % Math.max(1, named.length)],
    workingSetBytes: configuration.get(OPTIONS.rocksDbWorkingSet),
    blockCacheBytes: configuration.get(OPTIONS.rocksDbBlockCache),
    blockBytes: configuration.get(OPTIONS.rocksDbBlockSize),
    writeBufferBytes: configuration.get(OPTIONS.rocksDbWriteBuffer),
    bloomBitsPerKey: configuration.get(OPTIONS.rocksDbUseBloomFilter)
      ? configuration.get(OPTIONS.rocksDbBloomBits)
      : 0,
    compaction: configuration.get(OPTIONS.rocksDbCompaction),
    compression: configuration.get(OPTIONS.rocksDbCompression),
    threads: configuration.get(OPTIONS.rocksDbThreads),
    ...(backend === 'forst' && cacheBytes > 0 ? { cacheBytes } : {}),
  };
}

/** @returns undefined where a cluster has one JobManager @throws ConfigurationError for times that do not fit */
export function leaderElectionSettings(configuration: Configuration): LeaderElectionSettings | undefined {
  if (configuration.get(OPTIONS.highAvailability) === 'NONE') return undefined;
  const { leaderLease, leaderRenewDeadline, leaderRetry } = OPTIONS;
  const leaseMs = configuration.get(leaderLease);
  const renewDeadlineMs = configuration.get(leaderRenewDeadline);
  const retryMs = configuration.get(leaderRetry);
  if (renewDeadlineMs > leaseMs)
    throw new ConfigurationError(
      `${leaderRenewDeadline.key} (${renewDeadlineMs} ms) is more than ${leaderLease.key} (${leaseMs} ms): two JobManagers would lead`,
    );
  if (retryMs <= 0 || retryMs >= renewDeadlineMs)
    throw new ConfigurationError(
      `${leaderRetry.key} (${retryMs} ms) has to be more than 0 and less than ${leaderRenewDeadline.key} (${renewDeadlineMs} ms)`,
    );
  return { leaseMs, renewDeadlineMs, retryMs };
}

/** @returns undefined where jobs keep their parallelism */
export function rescaleSettings(
  configuration: Configuration,
): (RescaleSettings & { readonly historyKept: number }) | undefined {
  const adaptive =
    configuration.get(OPTIONS.scheduler) === 'adaptive' || configuration.get(OPTIONS.adaptiveScheduler);
  if (!adaptive) return undefined;
  return {
    cooldownMs: configuration.get(OPTIONS.rescaleCooldown),
    stabilizationMs: configuration.get(OPTIONS.rescaleStabilization),
    historyKept: configuration.get(OPTIONS.rescaleHistorySize),
  };
}
