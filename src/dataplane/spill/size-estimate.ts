import { SPILL_RECORD_OVERHEAD_BYTES, SPILL_SAMPLE_EVERY, SPILL_SAMPLES_FIRST } from '../../base/limits.ts';
import { MsgpackBatchCodec } from '../exchange/codec/msgpack-codec.ts';

/** An object takes about so many times the bytes of its encoding. */
const HEAP_PER_ENCODED = 3;

/** What records occupy in memory, as an estimate: some are measured, the others counted as their mean. */
export class SizeEstimate {
  readonly #codec = new MsgpackBatchCodec();
  #records = 0;
  #samples = 0;
  #sampledBytes = 0;

  add(value: unknown): void {
    this.#records += 1;
    if (this.#records <= SPILL_SAMPLES_FIRST || this.#records % SPILL_SAMPLE_EVERY === 0) this.#sample(value);
  }

  get bytes(): number {
    if (this.#samples === 0) return 0;
    return this.#records * (this.#sampledBytes / this.#samples + SPILL_RECORD_OVERHEAD_BYTES);
  }

  #sample(value: unknown): void {
    this.#samples += 1;
    try {
      const { payload } = this.#codec.encode({ kind: 'records', values: [value], timestamps: [0] }, 0, 1);
      this.#sampledBytes += HEAP_PER_ENCODED * payload.byteLength;
    } catch {
      // What cannot be written is told when it has to be.
      this.#sampledBytes += SPILL_RECORD_OVERHEAD_BYTES;
    }
  }
}
