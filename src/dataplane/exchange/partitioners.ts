import { UserError } from '../../base/errors.ts';
import type { PartitionerSpec } from '../../graph/chain-plan.ts';
import { keyGroupFor, subtaskForKeyGroup } from '../../state/index.ts';
import { copyRecord } from '../chain/copy-record.ts';
import type { Emit } from '../chain/operator.ts';
import type { Trace } from '../chain/trace.ts';
import type { ChannelWriter } from './channel-writer.ts';

export interface PartitionContext {
  /** One per consumer subtask that this producer feeds, in order of the consumers' indexes. */
  readonly writers: readonly ChannelWriter[];
  readonly subtaskIndex: number;
  /** Of the consumers' vertex: decides key groups. */
  readonly maxParallelism: number;
  /** Whether several consumers may get one object. */
  readonly objectReuse: boolean;
  readonly trace: Trace;
  readonly node: number;
}

/** The entry of an exchange: chooses the channel of each record and adds it there. */
export function partition(spec: PartitionerSpec, context: PartitionContext): Emit {
  const { writers } = context;
  const [first] = writers;
  if (first === undefined) return () => {};
  switch (spec.kind) {
    case 'forward':
    case 'global':
      return (value, timestamp) => first.add(value, timestamp);
    case 'rebalance':
    case 'rescale':
      return roundRobin(context);
    case 'shuffle':
      return shuffle(context);
    case 'broadcast':
      return broadcast(context);
    case 'hash':
      return hash(spec.keySelector, context);
    case 'custom':
      return custom(spec, context);
  }
}

/** Producers begin at different consumers, so that few records are spread too. */
function roundRobin({ writers, subtaskIndex }: PartitionContext): Emit {
  const count = writers.length;
  let next = subtaskIndex % count;
  return (value, timestamp) => {
    (writers[next] as ChannelWriter).add(value, timestamp);
    next = next + 1 === count ? 0 : next + 1;
  };
}

/** Uniform over the consumers; seeded by the subtask (Marsaglia's xorshift32), so that a run can be repeated. */
function shuffle({ writers, subtaskIndex }: PartitionContext): Emit {
  let state = Math.imul(subtaskIndex + 1, 0x9e3779b1) | 1;
  return (value, timestamp) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    (writers[(state >>> 0) % writers.length] as ChannelWriter).add(value, timestamp);
  };
}

function broadcast({ writers, objectReuse }: PartitionContext): Emit {
  return (value, timestamp) => {
    for (let index = 0; index < writers.length; index += 1) {
      const shared = index === 0 || objectReuse;
      (writers[index] as ChannelWriter).add(shared ? value : copyRecord(value), timestamp);
    }
  };
}

function hash(keySelector: (value: unknown) => unknown, context: PartitionContext): Emit {
  const { writers, maxParallelism, trace, node } = context;
  const [only] = writers;
  // The consumer looks at the key anyway.
  if (only !== undefined && writers.length === 1) return (value, timestamp) => only.add(value, timestamp);
  const writerOfGroup: ChannelWriter[] = [];
  for (let group = 0; group < maxParallelism; group += 1) {
    writerOfGroup.push(writers[subtaskForKeyGroup(group, maxParallelism, writers.length)] as ChannelWriter);
  }
  return (value, timestamp) => {
    trace.node = node;
    (writerOfGroup[keyGroupFor(keySelector(value), maxParallelism)] as ChannelWriter).add(value, timestamp);
  };
}

function custom(spec: Extract<PartitionerSpec, { kind: 'custom' }>, context: PartitionContext): Emit {
  const { writers, trace, node } = context;
  const { keySelector, partitioner } = spec;
  const count = writers.length;
  return (value, timestamp) => {
    trace.node = node;
    const index = partitioner(keySelector(value), count);
    const writer = writers[index];
    if (writer === undefined) {
      throw new UserError(
        `a custom partitioner returned ${String(index)}: it must return an integer from 0 to ${count - 1}`,
      );
    }
    writer.add(value, timestamp);
  };
}
