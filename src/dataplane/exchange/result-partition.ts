import type { PartitionerSpec } from '../../graph/chain-plan.ts';
import type { EdgeOutput } from '../chain/chain.ts';
import type { Emit } from '../chain/operator.ts';
import type { ChannelEvent } from './channel.ts';
import type { ChannelWriter } from './channel-writer.ts';
import { partition } from './partitioners.ts';
import type { PartitionContext } from './partitioners.ts';

/** What one subtask produces for one edge: a partitioner over a writer per channel. */
export class ResultPartition implements EdgeOutput {
  readonly emit: Emit;
  readonly writers: readonly ChannelWriter[];

  constructor(spec: PartitionerSpec, context: PartitionContext) {
    this.writers = context.writers;
    this.emit = partition(spec, context);
  }

  event(event: ChannelEvent): void {
    for (const writer of this.writers) writer.event(event);
  }

  /** Records that each channel was handed, by channel id. */
  recordsSent(): (readonly [string, number])[] {
    return this.writers.map(({ channelId, records }) => [channelId, records]);
  }

  /** Whether records wait in open batches. */
  get open(): boolean {
    return this.writers.some((writer) => writer.open);
  }

  flush(): void {
    for (const writer of this.writers) writer.flush();
  }

  /** Makes whole batches visible; open ones stay. */
  publish(): void {
    for (const writer of this.writers) writer.publish();
  }

  /** Tries again what channels refused. True when all take more. */
  resume(): boolean {
    let ready = true;
    for (const writer of this.writers) if (!writer.resume()) ready = false;
    return ready;
  }

  /** Whether a channel has refused something that waits here. */
  get refusing(): boolean {
    return this.writers.some((writer) => writer.refusing);
  }

  get drained(): boolean {
    return this.writers.every((writer) => writer.drained);
  }

  get bytesOut(): number {
    return this.writers.reduce((sum, writer) => sum + (writer.channel.bytesOut ?? 0), 0);
  }

  get mistyped(): number {
    return this.writers.reduce((sum, writer) => sum + (writer.channel.mistyped ?? 0), 0);
  }

  close(): void {
    for (const writer of this.writers) writer.channel.close();
  }
}
