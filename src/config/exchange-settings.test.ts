import { describe, expect, it } from 'vitest';
import {
  MAX_FRAME_BYTES,
  NETWORK_CHANNEL_FRAMES,
  NETWORK_CHANNEL_FRAMES_MIN,
  RING_BYTES,
  RING_BYTES_MIN,
  SLOT_CHANNEL_BATCHES,
} from '../base/limits.ts';
import { ringBytes, windowFrames } from '../dataplane/exchange/exchange-settings.ts';
import { Configuration } from './configuration.ts';
import { exchangeSettings } from './exchange-settings.ts';

const GB = 1024 ** 3;
const MB = 1024 ** 2;
const KB = 1024;

function settingsOf(values: Record<string, string> = {}, resources = { networkBytes: 1.6 * GB, slots: 2 }) {
  return exchangeSettings(Configuration.of(Object.entries(values)), resources);
}

describe('the exchange of a job', () => {
  it('when nothing is set, then channels are as fast as they can be, uncompressed', () => {
    const settings = settingsOf();
    expect(settings).toMatchObject({
      compression: 'none',
      frameBytes: MAX_FRAME_BYTES,
      slotBatches: SLOT_CHANNEL_BATCHES,
    });
    expect([1, 2, 3, 4, 16, 64, 1_000].map((channels) => windowFrames(settings, channels))).toEqual([
      NETWORK_CHANNEL_FRAMES,
      NETWORK_CHANNEL_FRAMES,
      21,
      16,
      4,
      NETWORK_CHANNEL_FRAMES_MIN,
      NETWORK_CHANNEL_FRAMES_MIN,
    ]);
    expect([1, 32, 64, 10_000].map((channels) => ringBytes(settings, channels))).toEqual([
      RING_BYTES,
      RING_BYTES,
      RING_BYTES / 2,
      RING_BYTES_MIN,
    ]);
  });

  it('when segments and buffers per channel are set, then rings, credits and queues follow', () => {
    const settings = settingsOf({
      'taskmanager.memory.segment-size': '32kb',
      'taskmanager.network.memory.buffers.per-channel.max': '10',
      'taskmanager.network.memory.buffers.per-channel.min': '3',
    });
    expect([settings.frameBytes, settings.slotBatches]).toEqual([32 * KB, 10]);
    expect([windowFrames(settings, 1), windowFrames(settings, 100_000)]).toEqual([10, 3]);
    expect([ringBytes(settings, 1), ringBytes(settings, 100_000)]).toEqual([320 * KB, 96 * KB]);
  });

  it('when the least is above the most, then the most counts', () => {
    const settings = settingsOf({
      'taskmanager.network.memory.max-buffers-per-channel': '1',
      'taskmanager.network.memory.buffers-per-channel': '4',
    });
    expect([settings.networkFrames, settings.ringBytes]).toEqual([
      { most: 1, least: 1 },
      { most: MAX_FRAME_BYTES, least: MAX_FRAME_BYTES },
    ]);
    const more = settingsOf({ 'taskmanager.network.memory.buffers-per-channel': '64' });
    expect([windowFrames(more, 1), windowFrames(more, 1_000)]).toEqual([64, 64]);
  });

  it('when network memory is short, then slots share it, and channels get less', () => {
    const small = settingsOf({}, { networkBytes: 8 * MB, slots: 2 });
    expect([small.networkSlotFrames, small.ringsPerTaskBytes]).toEqual([8, 2 * MB]);
    expect([windowFrames(small, 1), ringBytes(small, 4)]).toEqual([8, 512 * KB]);
  });

  it('when frames are large, then fewer are in flight towards a slot', () => {
    expect(windowFrames(settingsOf({ 'taskmanager.memory.segment-size': '1mb' }), 1)).toBe(16);
    expect(windowFrames(settingsOf({ 'taskmanager.memory.segment-size': '4096' }), 1)).toBe(32);
  });

  it('when compression is set in any spelling, then it is known; LZO and unknown ones are refused with the reason', () => {
    for (const [written, codec] of [
      ['LZ4', 'lz4'],
      ['zstd', 'zstd'],
      ['Snappy', 'snappy'],
      ['NONE', 'none'],
    ] as const) {
      expect(settingsOf({ 'taskmanager.network.compression.codec': written }).compression).toBe(codec);
      expect(settingsOf({ 'taskmanager.network.shuffle.compression.codec': written }).compression).toBe(
        codec,
      );
    }
    expect(() => settingsOf({ 'taskmanager.network.compression.codec': 'LZO' })).toThrow(
      'taskmanager.network.compression.codec: "LZO" is refused: there is no maintained LZO library',
    );
    expect(() => settingsOf({ 'taskmanager.network.compression.codec': 'gzip' })).toThrow(
      'is not one of none, lz4',
    );
  });
});
