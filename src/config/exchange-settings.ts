import {
  NETWORK_CHANNEL_FRAMES,
  NETWORK_CHANNEL_FRAMES_MIN,
  NETWORK_SLOT_BYTES,
  RING_BYTES,
  RING_BYTES_MIN,
  RINGS_PER_TASK_BYTES,
  SLOT_CHANNEL_BATCHES,
} from '../base/limits.ts';
import type { ExchangeSettings } from '../dataplane/exchange/exchange-settings.ts';
import type { Configuration } from './configuration.ts';
import { OPTIONS } from './options.ts';

/** What a TaskManager has to share among its slots. */
export interface ExchangeResources {
  /** What frames in flight may take in its process. */
  readonly networkBytes: number;
  readonly slots: number;
}

/** The exchange of one job on one TaskManager. Where least and most contradict each other, most counts. */
export function exchangeSettings(
  configuration: Configuration,
  resources: ExchangeResources,
): ExchangeSettings {
  const frameBytes = configuration.get(OPTIONS.segmentSize);
  const most = configuration.get(OPTIONS.maxBuffersPerChannel);
  const least = configuration.get(OPTIONS.buffersPerChannel);
  const mostFrames = most ?? Math.max(NETWORK_CHANNEL_FRAMES, least ?? 0);
  const leastFrames = Math.min(least ?? NETWORK_CHANNEL_FRAMES_MIN, mostFrames);
  const mostRing = most === undefined ? Math.max(RING_BYTES, (least ?? 0) * frameBytes) : most * frameBytes;
  const leastRing = Math.min(least === undefined ? RING_BYTES_MIN : least * frameBytes, mostRing);
  const half = resources.networkBytes / Math.max(1, resources.slots) / 2;
  return {
    compression: configuration.get(OPTIONS.networkCompression),
    frameBytes,
    slotBatches: most ?? SLOT_CHANNEL_BATCHES,
    networkFrames: { most: mostFrames, least: leastFrames },
    networkSlotFrames: Math.floor(Math.min(NETWORK_SLOT_BYTES, half) / frameBytes),
    ringBytes: { most: mostRing, least: leastRing },
    ringsPerTaskBytes: Math.min(RINGS_PER_TASK_BYTES, half),
  };
}
