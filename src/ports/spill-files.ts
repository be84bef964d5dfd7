/** Temporary files for what does not fit into memory: read back by the task that wrote them, and gone with it. */
export interface SpillFiles {
  /** A new, empty file. */
  create(): Promise<SpillFile>;
}

/**
 * One temporary file. Calls come one after the other. A failure is an ExternalError that names the folder and what to do:
 * a full disk is no fault of the job.
 */
export interface SpillFile {
  append(bytes: Uint8Array): Promise<void>;
  /** Bytes from `position` on, `length` of them or fewer at the end. They share no memory with other reads. */
  read(position: number, length: number): Promise<Uint8Array>;
  /** Frees its space. Never rejects; calling it again is harmless. */
  remove(): Promise<void>;
}
