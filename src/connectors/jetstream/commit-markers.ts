import { JetStreamApiError } from '@nats-io/jetstream';
import type { JetStreamManager } from '@nats-io/jetstream';
import { z } from 'zod';
import { CommitMarkerLostError } from './errors.ts';

/** Header of a message that notes a commit; sources pass over it. */
export const COMMIT_HEADER = 'Millrace-Commit';

/** The last commit of a stem. */
export interface CommitMarker {
  readonly checkpointId: number;
  /** The last chunk of that checkpoint that is stored. */
  readonly chunk: number;
  /** Stream sequence of the message that says so: who commits next names it, and is refused if another one came between. */
  readonly sequence: number;
}

const body = z.object({ checkpoint: z.number(), chunk: z.number() });

export function encodeMarker(checkpointId: number, chunk: number): Uint8Array {
  return Buffer.from(JSON.stringify({ checkpoint: checkpointId, chunk }));
}

/** One subject per stem: its parts are ids, which need no escaping. */
export function markerSubject(commitSubject: string, stem: string): string {
  return `${commitSubject}.${stem.replaceAll('/', '.')}`;
}

/** From the stream's leader. `undefined`: there is none. @throws CommitMarkerLostError for a message that is no marker */
export async function readMarker(
  manager: JetStreamManager,
  stream: string,
  subject: string,
): Promise<CommitMarker | undefined> {
  let stored;
  try {
    stored = await manager.streams.getMessage(stream, { last_by_subj: subject });
  } catch (error) {
    if (error instanceof JetStreamApiError && error.status === 404) return undefined;
    throw error;
  }
  if (stored === null) return undefined;
  const parsed = body.safeParse(parseJson(stored.string()));
  if (!parsed.success) throw new CommitMarkerLostError(stream, subject);
  return { checkpointId: parsed.data.checkpoint, chunk: parsed.data.chunk, sequence: stored.seq };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
