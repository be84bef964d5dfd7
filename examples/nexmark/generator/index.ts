export { EventGenerator } from './event-generator.ts';
export { NexmarkSource } from './nexmark-source.ts';
export type { NexmarkSplit } from './nexmark-source.ts';
export { NEXMARK_DEFAULTS, resolveOptions, splitConfigs } from './options.ts';
export type { GeneratorConfig, NexmarkOptions, ResolvedOptions } from './options.ts';
export { AUCTION, BID, PERSON } from './records.ts';
export type { Auction, Bid, NexmarkEvent, Person } from './records.ts';
