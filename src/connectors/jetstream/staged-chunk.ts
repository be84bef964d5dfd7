/** A message that waits in a checkpoint to be published. */
export interface StagedMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** How many packed records it holds; 0 where the payload is one record as it is. */
  readonly records: number;
}

/** Messages that are published together. */
export interface StagedChunk {
  readonly messages: readonly StagedMessage[];
  /** Wall time, ms. */
  readonly preparedAt: number;
}

/** Cuts messages into chunks by number and bytes. Where it cuts is stored with them: a repeated commit cuts there, too. */
export function cutChunks(
  messages: readonly StagedMessage[],
  bounds: { readonly messages: number; readonly bytes: number },
  preparedAt: number,
): readonly StagedChunk[] {
  const chunks: StagedMessage[][] = [];
  let [current, bytes]: [StagedMessage[], number] = [[], 0];
  for (const message of messages) {
    const full = current.length >= bounds.messages || bytes + message.payload.length > bounds.bytes;
    if (full && current.length > 0) {
      chunks.push(current);
      [current, bytes] = [[], 0];
    }
    current.push(message);
    bytes += message.payload.length;
  }
  if (current.length > 0) chunks.push(current);
  return chunks.map((chunk) => ({ messages: chunk, preparedAt }));
}
