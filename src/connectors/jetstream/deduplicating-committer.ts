import type { CommitRequest, Committer } from '../../functions/sink.ts';
import { OutageTooLongError } from './errors.ts';
import type { Publisher } from './publisher.ts';
import type { StagedChunk } from './staged-chunk.ts';

/**
 * Publishes messages under ids of their own: the stream drops those that it has stored within its duplicate window. What is older
 * than `maximumOutageMs` is not published again.
 */
export class DeduplicatingCommitter implements Committer<StagedChunk> {
  readonly #newPublisher: () => Promise<Publisher>;
  readonly #maximumOutageMs: number;
  readonly #now: () => number;
  #publisher: Publisher | undefined;
  /** Of publishers that failed. */
  #bytesBefore = 0;
  readonly #tried = new Set<string>();

  constructor(newPublisher: () => Promise<Publisher>, maximumOutageMs: number, now: () => number) {
    this.#newPublisher = newPublisher;
    this.#maximumOutageMs = maximumOutageMs;
    this.#now = now;
  }

  async commit(requests: readonly CommitRequest<StagedChunk>[]): Promise<void> {
    for (const request of requests) this.#checkAge(request);
    const publisher = (this.#publisher ??= await this.#newPublisher());
    const duplicates = requests.map(() => 0);
    try {
      for (const [at, { committable, id }] of requests.entries()) {
        const onDuplicate = (): void => {
          duplicates[at] = (duplicates[at] ?? 0) + 1;
        };
        for (const [index, { subject, payload, records }] of committable.messages.entries()) {
          await publisher.pending();
          publisher.publish(subject, payload, { messageId: `${id}/${index}`, records, onDuplicate });
        }
      }
      await publisher.flush();
    } catch (error) {
      // A publisher keeps its first failure.
      this.#publisher = undefined;
      this.#bytesBefore += publisher.bytes;
      await publisher.close().catch(() => {});
      throw error;
    }
    for (const [at, request] of requests.entries()) {
      this.#tried.delete(request.id);
      if (duplicates[at] === request.committable.messages.length) request.signalAlreadyCommitted();
    }
  }

  bytesSent(): number {
    return this.#bytesBefore + (this.#publisher?.bytes ?? 0);
  }

  async close(): Promise<void> {
    await this.#publisher?.close();
  }

  /** What was never tried cannot be there, however old it is. */
  #checkAge({ committable, id, recovered }: CommitRequest<StagedChunk>): void {
    const ageMs = this.#now() - committable.preparedAt;
    if (ageMs > this.#maximumOutageMs && (recovered || this.#tried.has(id)))
      throw new OutageTooLongError(ageMs, this.#maximumOutageMs);
    this.#tried.add(id);
  }
}
