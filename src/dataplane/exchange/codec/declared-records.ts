import { UserError } from '../../../base/errors.ts';
import { findMisfit } from '../../../functions/types/index.ts';
import type { TypeDescriptor } from '../../../functions/types/index.ts';
import type { EdgeRecords } from '../../../graph/chain-plan.ts';
import { projectedType, recordTypeOf } from './declared-type.ts';
import { ExternalRun } from './external-run.ts';
import type { Projection } from './projection.ts';
import { RecordShape } from './record-shape.ts';
import { ShapeRun } from './shape-run.ts';

/** A record is not of the type that was declared for its stream, and `pipeline.generic-types` is false. */
export class RecordTypeError extends UserError {}

/** The run of records that are of their declared type, and what becomes of others. */
export class DeclaredRecords {
  readonly run: ShapeRun | ExternalRun;
  /** Records seen that are not of the type. */
  mistyped = 0;
  readonly #type: TypeDescriptor;
  readonly #records: EdgeRecords;
  readonly #projection: Projection | undefined;

  private constructor(
    run: ShapeRun | ExternalRun,
    type: TypeDescriptor,
    records: EdgeRecords,
    projection: Projection | undefined,
  ) {
    this.run = run;
    this.#type = type;
    this.#records = records;
    this.#projection = projection;
  }

  /** Undefined where no type is declared, or it lacks a field that is needed: then records speak for themselves. */
  static of(records: EdgeRecords, projection: Projection | undefined): DeclaredRecords | undefined {
    if (records.type === undefined) return undefined;
    const { descriptor, serializer } = records.type;
    if (serializer !== undefined)
      return new DeclaredRecords(new ExternalRun(serializer), descriptor, records, undefined);
    const type = projection === undefined ? descriptor : projectedType(descriptor, projection.fields);
    const recordType = type && recordTypeOf(type);
    if (type === undefined || recordType === undefined) return undefined;
    const run = new ShapeRun(RecordShape.of(recordType), projection !== undefined);
    return new DeclaredRecords(run, type, records, projection);
  }

  begin(payload: number, records: number, limit: number): void {
    if (this.run instanceof ShapeRun) this.run.begin(payload, records, limit);
    else this.run.begin();
  }

  /** Takes records while they fit; returns the index of the first one that does not. */
  append(values: readonly unknown[], from: number, to: number): number {
    const { run } = this;
    return run instanceof ShapeRun ? run.encode(values, from, to, run) : run.append(values, from, to);
  }

  /** Whether the payload should end here; of records in other formats that is not known before they are written. */
  get full(): boolean {
    return this.run instanceof ShapeRun && this.run.full;
  }

  /**
   * Looks at a record that the generated code did not take. Some of those are of the type all the same: fields in another
   * order, a bigint of more than 64 bits.
   * @throws RecordTypeError where such records are refused
   */
  check(value: unknown): void {
    const external = this.#type.kind === 'external';
    const misfit = external
      ? { path: '', expected: `a value of its ${this.#type.format} schema`, found: 'another one' }
      : findMisfit(this.#type, this.#projection === undefined ? value : this.#projection.of(value));
    if (misfit === undefined) return;
    this.mistyped += 1;
    if (this.#records.genericTypes) return;
    const where = misfit.path === '' ? 'a record' : `field "${misfit.path}" of a record`;
    throw new RecordTypeError(
      `${where} of operator "${this.#records.operator}" is not of its declared type: expected ${misfit.expected}, ` +
        `found ${misfit.found}; correct the record or the type given to returns(), or set pipeline.generic-types: true`,
    );
  }
}
