import { Packr, Unpackr } from 'msgpackr';
import { z } from 'zod';
import type { OperatorId } from '../../base/ids.ts';
import type { SourceSplit } from '../../functions/source.ts';
import type { SnapshotStore } from '../../ports/snapshot-store.ts';
import { split, subtaskState } from '../../protocol/checkpoint.ts';
import type { SnapshotFileRef } from '../../protocol/checkpoint.ts';
import type { KeyGroupRange } from '../key-groups.ts';
import { SnapshotCorruptError, SnapshotVersionError } from './errors.ts';
import { checksumOf } from './format.ts';

/** Name of a manifest in the folder of its checkpoint or savepoint. */
export const MANIFEST_NAME = '_metadata';
/** Version of the manifest, apart from that of state files. */
export const MANIFEST_VERSION = 1;

const manifestVertex = z.object({
  /** Operators of the chain, in its order. */
  operators: z.array(
    z.object({
      operatorId: z.string() as unknown as z.ZodType<OperatorId, string>,
      name: z.string(),
      kind: z.string(),
      uid: z.string().optional(),
    }),
  ),
  parallelism: z.int().positive(),
  maxParallelism: z.int().positive(),
  /** By subtask index; null where a subtask had finished. */
  subtasks: z.array(subtaskState.nullable()),
  /** Of a source: splits that no reader holds. */
  enumerator: z.array(split).optional(),
});
export type ManifestVertex = z.infer<typeof manifestVertex>;

/** Everything a checkpoint or savepoint is made of; `_metadata` beside its files. */
export const manifest = z.object({
  version: z.int(),
  jobId: z.string(),
  jobName: z.string(),
  checkpointId: z.int().positive(),
  kind: z.enum(['checkpoint', 'savepoint']),
  /** Wall time, ms. */
  triggeredAt: z.number(),
  vertices: z.array(manifestVertex),
});
export type Manifest = z.infer<typeof manifest>;

const PACKING = { useRecords: false, useBigIntExtension: true, moreTypes: true } as const;
const packr = new Packr(PACKING);
const unpackr = new Unpackr({ ...PACKING, copyBuffers: true });

/** All files that a manifest refers to. */
export function filesOf({ vertices }: Manifest): readonly string[] {
  const subtasks = vertices.flatMap((vertex) => vertex.subtasks.filter((subtask) => subtask !== null));
  const ofOperators = subtasks
    .flatMap(({ operators }) => operators)
    .flatMap(({ keyed, operatorState }) => [
      ...(keyed?.files ?? []),
      ...(operatorState === undefined || operatorState instanceof Uint8Array ? [] : [operatorState]),
    ]);
  const ofChannels = subtasks.flatMap(({ inFlight }) => (inFlight === undefined ? [] : [inFlight]));
  return [...ofOperators, ...ofChannels].map(({ path }) => path);
}

/** The manifest as bytes: MessagePack behind a checksum. */
export function encodeManifest(value: Manifest): Uint8Array {
  const body = packr.pack(value);
  const out = new Uint8Array(body.byteLength + 4);
  new DataView(out.buffer).setUint32(0, checksumOf(body), true);
  out.set(body, 4);
  return out;
}

/** @throws SnapshotNotFoundError, SnapshotCorruptError, SnapshotVersionError */
export async function readManifest(store: SnapshotStore, path: string): Promise<Manifest> {
  const content = await store.read(path);
  const body = content.subarray(4);
  if (
    content.byteLength < 5 ||
    new DataView(content.buffer, content.byteOffset, 4).getUint32(0, true) !== checksumOf(body)
  )
    throw new SnapshotCorruptError(path, 'its checksum is wrong');
  const raw = unpackr.unpack(body) as { readonly version?: unknown };
  if (typeof raw.version === 'number' && raw.version > MANIFEST_VERSION)
    throw new SnapshotVersionError(path, raw.version, MANIFEST_VERSION);
  const parsed = manifest.safeParse(raw);
  if (!parsed.success)
    throw new SnapshotCorruptError(path, z.prettifyError(parsed.error), { cause: parsed.error });
  return parsed.data;
}

/** Keyed state of one operator of one old subtask: a base and its deltas, oldest first. */
export interface KeyedChain {
  readonly keyGroups: KeyGroupRange;
  readonly files: readonly SnapshotFileRef[];
}

/** What one operator of one new subtask starts from. */
export interface AssignedState {
  /** Chains of files (a base and its deltas), one per old subtask that shares key groups with this one. */
  readonly keyed: readonly KeyedChain[];
  /** Operator state of every old subtask, to be shared out. */
  readonly operatorStates: readonly (Uint8Array | SnapshotFileRef | undefined)[];
}

export interface SubtaskPlace {
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly keyGroups: { readonly start: number; readonly end: number };
}

/** State of an operator for one subtask of a job that goes on from the manifest; undefined where it has none. */
export function assignState(
  { vertices }: Manifest,
  operatorId: OperatorId,
  place: SubtaskPlace,
): AssignedState | undefined {
  const vertex = vertices.find(({ operators }) =>
    operators.some((operator) => operator.operatorId === operatorId),
  );
  if (vertex === undefined) return undefined;
  const states = vertex.subtasks.map((subtask) =>
    subtask?.operators.find((operator) => operator.operatorId === operatorId),
  );
  const { start, end } = place.keyGroups;
  return {
    keyed: states.flatMap((state) => {
      const keyed = state?.keyed;
      if (keyed === undefined || keyed.keyGroups.start > end || keyed.keyGroups.end < start) return [];
      return [keyed];
    }),
    operatorStates: states.map((state) => state?.operatorState),
  };
}

/** Files of records that were on their way to a vertex, with the subtask that each was on its way to. */
export function inFlightFiles(
  { vertices }: Manifest,
  headOperator: OperatorId,
): { readonly parallelism: number; readonly files: readonly (SnapshotFileRef | undefined)[] } {
  const vertex = vertices.find(({ operators }) => operators[0]?.operatorId === headOperator);
  return {
    parallelism: vertex?.parallelism ?? 0,
    files: vertex?.subtasks.map((subtask) => subtask?.inFlight) ?? [],
  };
}

/** Splits that the reader of a subtask goes on with: its own, or with another parallelism its share of all. */
export function assignSplits(
  { vertices }: Manifest,
  operatorId: OperatorId,
  { subtaskIndex, parallelism }: Pick<SubtaskPlace, 'subtaskIndex' | 'parallelism'>,
): readonly SourceSplit[] {
  const vertex = vertices.find(({ operators }) => operators[0]?.operatorId === operatorId);
  if (vertex === undefined) return [];
  if (vertex.parallelism === parallelism) return vertex.subtasks[subtaskIndex]?.splits ?? [];
  return vertex.subtasks
    .flatMap((subtask) => subtask?.splits ?? [])
    .filter((_, index) => index % parallelism === subtaskIndex);
}
