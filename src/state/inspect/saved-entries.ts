import type { Key } from '../../functions/basic.ts';
import { keyIdentity } from '../key-encoding.ts';
import { keyGroupFor } from '../key-groups.ts';
import type { StateInfo } from '../snapshot/format.ts';
import type { Manifest, ManifestVertex } from '../snapshot/manifest.ts';
import type { OpenedSnapshot } from '../snapshot/open-snapshot.ts';
import { StateReader } from '../snapshot/state-reader.ts';

/** One value of keyed state as a snapshot holds it. */
export interface SavedEntry {
  readonly state: StateInfo;
  readonly key: Key;
  /** Of window state: the pane's number. */
  readonly window?: number;
  readonly value: unknown;
}

/** Entries of one key group, by what tells them apart. */
export type SavedGroup = ReadonlyMap<string, SavedEntry>;

/** The vertex that an operator was part of. */
export function vertexOf({ vertices }: Manifest, operatorId: string): ManifestVertex | undefined {
  return vertices.find(({ operators }) => operators.some((operator) => operator.operatorId === operatorId));
}

/** Files of an operator's keyed state: per subtask that wrote it, a base and its deltas. */
export async function openKeyedFiles(
  { store, manifest }: OpenedSnapshot,
  operatorId: string,
): Promise<readonly (readonly StateReader[])[]> {
  const chains: StateReader[][] = [];
  for (const subtask of vertexOf(manifest, operatorId)?.subtasks ?? []) {
    const files = subtask?.operators.find((operator) => operator.operatorId === operatorId)?.keyed?.files;
    if (files === undefined) continue;
    const chain: StateReader[] = [];
    for (const { path } of files) chain.push(await StateReader.open(store, path));
    chains.push(chain);
  }
  return chains;
}

/**
 * Reads an operator's keyed state key group by key group, so that memory is bounded by the largest one.
 *
 * @param key reads the key group of this key alone
 * @throws SnapshotNotFoundError, SnapshotCorruptError
 */
export async function* savedGroups(
  snapshot: OpenedSnapshot,
  operatorId: string,
  key?: Key,
): AsyncGenerator<SavedGroup> {
  const chains = await openKeyedFiles(snapshot, operatorId);
  const groups = vertexOf(snapshot.manifest, operatorId)?.maxParallelism ?? 0;
  const only = key === undefined ? undefined : keyGroupFor(key, groups);
  for (let group = only ?? 0; group < (only === undefined ? groups : only + 1); group += 1) {
    const entries = new Map<string, SavedEntry>();
    for (const chain of chains) {
      const { keyGroups } = chain[0]?.index ?? { keyGroups: { start: 1, end: 0 } };
      if (group < keyGroups.start || group > keyGroups.end) continue;
      for (const reader of chain) await apply(reader, group, entries);
    }
    yield entries;
  }
}

async function apply(reader: StateReader, group: number, entries: Map<string, SavedEntry>): Promise<void> {
  const { states } = reader.index;
  const infoOf = (state: number): StateInfo => states[state] as StateInfo;
  const keyStates = states.filter(({ scope }) => scope !== 'window');
  await reader.visit(
    { start: group, end: group },
    {
      drop: (state, window) => {
        const { name } = infoOf(state);
        for (const [id, entry] of entries)
          if (entry.window === window && entry.state.name === name) entries.delete(id);
      },
      remove: (state, _group, key) => {
        const info = infoOf(state);
        if (info.scope === 'window') entries.delete(entryId(info, ...windowAndKey(key)));
        else for (const one of keyStates) entries.delete(entryId(one, undefined, key as Key));
      },
      put: (state, _group, at, value) => {
        const info = infoOf(state);
        const [window, key] = info.scope === 'window' ? windowAndKey(at) : [undefined, at as Key];
        const id = entryId(info, window, key);
        if (value === undefined) entries.delete(id);
        else entries.set(id, { state: info, key, value, ...(window === undefined ? {} : { window }) });
      },
    },
  );
}

function windowAndKey(at: unknown): [number, Key] {
  return at as [number, Key];
}

function entryId({ name, scope }: StateInfo, window: number | undefined, key: Key): string {
  const identity = keyIdentity(key);
  return JSON.stringify([scope, name, window ?? null, typeof identity, String(identity)]);
}
