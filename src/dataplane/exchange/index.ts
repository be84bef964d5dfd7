export type { BatchCodec } from './codec/batch-codec.ts';
export type {
  Carrier,
  ChannelDescriptor,
  ChannelElement,
  ChannelEnd,
  ChannelEvent,
  InputChannel,
  OutputChannel,
  RecordBatch,
} from './channel.ts';
export { createDoorbell, Doorbell } from './doorbell.ts';
export {
  ChannelClosedError,
  ChannelCorruptError,
  ChannelError,
  ChannelGapError,
  ChannelSilentError,
  RecordNotSerializableError,
  RecordTooLargeError,
} from './errors.ts';
export { frameCompression } from './frame-compression.ts';
export type { CompressionCodec, FrameCompression } from './frame-compression.ts';
export { InputGate } from './input-gate.ts';
export type { GateChannel, GateEvent } from './input-gate.ts';
export { LearnedCodec } from './codec/learned-codec.ts';
export { MsgpackBatchCodec } from './codec/msgpack-codec.ts';
export { networkInputChannel } from './network-input.ts';
export { networkOutputChannel } from './network-output.ts';
export type { NetworkChannelOptions } from './network-output.ts';
export { createRing, RingReader, RingWriter } from './ring.ts';
export { ringInputChannel, ringOutputChannel } from './ring-channel.ts';
export type { RingInputOptions, RingOutputOptions } from './ring-channel.ts';
export { createSlotChannel } from './slot-channel.ts';
export type { SlotChannelOptions } from './slot-channel.ts';
