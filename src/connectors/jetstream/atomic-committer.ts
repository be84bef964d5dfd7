import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { MillraceError } from '../../base/errors.ts';
import type { CommitRequest, Committer } from '../../functions/sink.ts';
import type { ResolvedConnection } from '../../transport/nats/options.ts';
import { checkCommitted } from '../commits-ahead.ts';
import { publishBatch } from './atomic-batch.ts';
import { encodeMarker, markerSubject, readMarker } from './commit-markers.ts';
import type { CommitMarker } from './commit-markers.ts';
import { jetStreamError } from './connection.ts';
import { CommitMarkerLostError } from './errors.ts';
import type { StagedChunk } from './staged-chunk.ts';

export interface AtomicCommitterOptions {
  readonly servers: ResolvedConnection;
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly commitSubject: string;
  /** Whether markers have to be told to stay where other messages age out. */
  readonly markersNeverExpire: boolean;
}

/**
 * Publishes each chunk as an atomic batch whose last message is the stem's marker. The server stores it only if the marker
 * before is the one that this committer knows: a chunk that is stored already, or an attempt that should be dead, is refused.
 */
export class AtomicCommitter implements Committer<StagedChunk> {
  readonly #options: AtomicCommitterOptions;
  /** The marker of a stem after a commit of ours; others are read. */
  readonly #known = new Map<string, CommitMarker>();
  #bytes = 0;

  constructor(options: AtomicCommitterOptions) {
    this.#options = options;
  }

  /**
   * Makes the first marker of a stem, before anything is committed on it: from then on one that is missing was lost.
   * @param seen whether an earlier attempt had one
   * @throws CommitMarkerLostError, CommitsAheadError
   */
  async begin(stem: string, seen: boolean, restoredCheckpointId: number | undefined): Promise<void> {
    const subject = markerSubject(this.#options.commitSubject, stem);
    const marker = await this.#guarded(() => this.#read(subject));
    if (marker === undefined) {
      if (seen) throw new CommitMarkerLostError(this.#options.stream, subject);
      await this.#guarded(() => this.#publish(stem, { checkpointId: 0, chunk: 0, sequence: 0 }, 0, 0, []));
      return;
    }
    checkCommitted(`the stream "${this.#options.stream}"`, marker.checkpointId, restoredCheckpointId);
  }

  commit(requests: readonly CommitRequest<StagedChunk>[]): Promise<void> {
    return this.#guarded(() => this.#commit(requests));
  }

  /** Bytes of the records' messages, with those that were refused. */
  bytesSent(): number {
    return this.#bytes;
  }

  async close(): Promise<void> {
    await this.#options.connection.close();
  }

  async #commit(requests: readonly CommitRequest<StagedChunk>[]): Promise<void> {
    const [first] = requests;
    if (first === undefined) return;
    const { stem } = first;
    const subject = markerSubject(this.#options.commitSubject, stem);
    let marker = this.#known.get(stem) ?? (await this.#read(subject));
    // Until this is over, only the stream knows.
    this.#known.delete(stem);
    if (marker === undefined) throw new CommitMarkerLostError(this.#options.stream, subject);
    const superseded: number[] = [];
    for (const [chunk, request] of requests.entries()) {
      const { checkpointId, committable } = request;
      if (isStored(marker, checkpointId, chunk)) {
        request.signalAlreadyCommitted();
        continue;
      }
      superseded.push(marker.sequence);
      marker = await this.#publish(stem, marker, checkpointId, chunk, committable.messages);
    }
    this.#known.set(stem, marker);
    this.#removeMarkers(superseded);
  }

  /** Tidies up; a marker that stays costs a few bytes. */
  #removeMarkers(sequences: readonly number[]): void {
    const { connection, stream } = this.#options;
    void jetstreamManager(connection, { checkAPI: false })
      .then(async ({ streams }) => {
        for (const sequence of sequences) await streams.deleteMessage(stream, sequence, false);
      })
      .catch(() => {});
  }

  async #publish(
    stem: string,
    before: CommitMarker,
    checkpointId: number,
    chunk: number,
    messages: StagedChunk['messages'],
  ): Promise<CommitMarker> {
    const { connection, commitSubject, markersNeverExpire } = this.#options;
    for (const { payload } of messages) this.#bytes += payload.length;
    const sequence = await publishBatch(connection, messages, {
      subject: markerSubject(commitSubject, stem),
      payload: encodeMarker(checkpointId, chunk),
      expectedSequence: before.sequence,
      neverExpires: markersNeverExpire,
    });
    return { checkpointId, chunk, sequence };
  }

  async #read(subject: string): Promise<CommitMarker | undefined> {
    const manager = await jetstreamManager(this.#options.connection, { checkAPI: false });
    return readMarker(manager, this.#options.stream, subject);
  }

  async #guarded<R>(act: () => Promise<R>): Promise<R> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      throw jetStreamError(`commit to the stream "${this.#options.stream}"`, this.#options.servers, error);
    }
  }
}

function isStored(marker: CommitMarker, checkpointId: number, chunk: number): boolean {
  if (checkpointId !== marker.checkpointId) return checkpointId < marker.checkpointId;
  return chunk <= marker.chunk;
}
