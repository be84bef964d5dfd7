import type { CompressionCodec } from './frame-compression.ts';

/** What configuration says about channels, resolved to numbers. */
export interface ExchangeSettings {
  /** Of frames on the network. */
  readonly compression: CompressionCodec;
  /** Largest frame that a producer makes. */
  readonly frameBytes: number;
  /** Elements that may wait in a channel within a slot. */
  readonly slotBatches: number;
  /** Frames in flight on a network channel, where there are few and where there are many. */
  readonly networkFrames: { readonly most: number; readonly least: number };
  /** Frames in flight towards one slot, shared by its network channels. */
  readonly networkSlotFrames: number;
  /** Bytes of a ring, where there are few and where there are many. */
  readonly ringBytes: { readonly most: number; readonly least: number };
  /** Bytes shared by the rings of one subtask. */
  readonly ringsPerTaskBytes: number;
}

/** Frames that each of `channels` network channels into a slot may have in flight. */
export function windowFrames(settings: ExchangeSettings, channels: number): number {
  const { most, least } = settings.networkFrames;
  return share(settings.networkSlotFrames, channels, most, least);
}

/** Bytes of each ring of a subtask with `channels` channels. */
export function ringBytes(settings: ExchangeSettings, channels: number): number {
  const { most, least } = settings.ringBytes;
  return share(settings.ringsPerTaskBytes, channels, most, least);
}

function share(budget: number, channels: number, most: number, least: number): number {
  return Math.max(least, Math.min(most, Math.floor(budget / Math.max(1, channels))));
}
