/** Memory that tasks have taken of what their TaskManager brings; bytes. */
export interface SlotMemory {
  /** Managed memory. */
  readonly managed: number;
  /** Network memory. */
  readonly network: number;
}

export function sumOfMemory(parts: Iterable<SlotMemory>): SlotMemory {
  let [managed, network] = [0, 0];
  for (const part of parts) {
    managed += part.managed;
    network += part.network;
  }
  return { managed, network };
}
