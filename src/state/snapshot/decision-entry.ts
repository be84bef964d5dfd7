import { z } from 'zod';
import type { Epoch } from '../../base/ids.ts';
import { SnapshotCorruptError, SnapshotVersionError } from './errors.ts';
import { checksumOf } from './format.ts';

const VERSION = 1;

const epoch = z.int().nonnegative() as unknown as z.ZodType<Epoch, number>;

const completedCheckpoint = z.object({
  checkpointId: z.int().positive(),
  /** Of the leader that completed it. */
  epoch,
  kind: z.enum(['checkpoint', 'savepoint']),
  manifestPath: z.string(),
  /** Of the manifest's bytes; whoever reads the manifest compares it. */
  manifestChecksum: z.string(),
});
/** A checkpoint that exists, since its COMPLETE is in the log. */
export type CompletedCheckpoint = Readonly<z.infer<typeof completedCheckpoint>>;

const decision = z.discriminatedUnion('type', [
  z.object({ type: z.literal('TAKEOVER') }),
  /** Checkpoint ids up to this one may be in use. */
  z.object({ type: z.literal('RESERVE'), upTo: z.int().nonnegative() }),
  /** The checkpoint exists from now on, and those it takes the place of do not. */
  z.object({
    type: z.literal('COMPLETE'),
    checkpoint: completedCheckpoint,
    disposes: z.array(z.int().positive()),
  }),
  /** These checkpoints do not exist any more; their files may be deleted. */
  z.object({ type: z.literal('DISPOSE'), checkpointIds: z.array(z.int().positive()) }),
]);
export type Decision = z.infer<typeof decision>;

const leader = z.object({ epoch, token: z.string() });
/** Who decides: the token, random, tells leaders apart that were given the same epoch, and one's own entries from others'. */
export type DecisionLeader = Readonly<z.infer<typeof leader>>;

const decisionState = z.object({
  leader,
  reservedUpTo: z.int().nonnegative(),
  /** In the order of their COMPLETE, the newest last. */
  completed: z.array(completedCheckpoint),
});
/** What all decisions up to one come to. */
export type DecisionState = z.infer<typeof decisionState>;

const decisionEntry = z.object({
  version: z.literal(VERSION),
  leader,
  decision,
  state: decisionState,
});
/** One slot of the log: who decided what, and what it comes to, so that the newest entry alone tells everything. */
export type DecisionEntry = z.infer<typeof decisionEntry>;

/** The state after one more decision. */
export function afterDecision(
  before: DecisionState | undefined,
  by: DecisionLeader,
  made: Decision,
): DecisionState {
  const { reservedUpTo = 0, completed = [] } = before ?? {};
  switch (made.type) {
    case 'TAKEOVER':
      return { leader: by, reservedUpTo, completed };
    case 'RESERVE':
      return { leader: by, reservedUpTo: Math.max(reservedUpTo, made.upTo), completed };
    case 'COMPLETE': {
      const kept = completed.filter(({ checkpointId }) => !made.disposes.includes(checkpointId));
      return { leader: by, reservedUpTo, completed: [...kept, made.checkpoint] };
    }
    case 'DISPOSE': {
      const kept = completed.filter(({ checkpointId }) => !made.checkpointIds.includes(checkpointId));
      return { leader: by, reservedUpTo, completed: kept };
    }
  }
}

/** A line of text that people can read: the checksum of the rest, and JSON. */
export function encodeDecision(entry: Omit<DecisionEntry, 'version'>): Uint8Array {
  const json = JSON.stringify({ version: VERSION, ...entry });
  return new TextEncoder().encode(`${checksumOfText(json)} ${json}\n`);
}

/** @throws SnapshotCorruptError, SnapshotVersionError */
export function decodeDecision(path: string, content: Uint8Array): DecisionEntry {
  const [, checksum, json = ''] = /^([0-9a-f]{8}) (.*)\n$/.exec(new TextDecoder().decode(content)) ?? [];
  if (checksum === undefined || checksum !== checksumOfText(json))
    throw new SnapshotCorruptError(path, 'its checksum is wrong');
  const raw = JSON.parse(json) as { readonly version?: unknown };
  if (typeof raw.version === 'number' && raw.version > VERSION)
    throw new SnapshotVersionError(path, raw.version, VERSION);
  const parsed = decisionEntry.safeParse(raw);
  if (!parsed.success)
    throw new SnapshotCorruptError(path, z.prettifyError(parsed.error), { cause: parsed.error });
  return parsed.data;
}

function checksumOfText(json: string): string {
  return checksumOf(new TextEncoder().encode(json)).toString(16).padStart(8, '0');
}
