import type { TypeSerializer } from '../../../functions/types/index.ts';
import type { PayloadWriter } from './payload-writer.ts';
import { NO_PART, PART } from './shape-run.ts';

/** The records of the payload being written that another format's serializer encodes. */
export class ExternalRun {
  readonly kind = PART.external;
  readonly #serializer: TypeSerializer;
  readonly #values: unknown[] = [];
  part = NO_PART;

  constructor(serializer: TypeSerializer) {
    this.#serializer = serializer;
  }

  begin(): void {
    this.#values.length = 0;
    this.part = NO_PART;
  }

  /** Takes records while they fit; returns the index of the first one that does not. */
  append(values: readonly unknown[], from: number, to: number): number {
    let index = from;
    while (index < to && this.#serializer.fits(values[index])) {
      this.#values.push(values[index]);
      index += 1;
    }
    return index;
  }

  write(writer: PayloadWriter): void {
    const bytes = this.#serializer.encode(this.#values);
    writer.header(this.#values.length, bytes.byteLength);
    writer.raw(bytes);
    this.#values.length = 0;
  }
}
