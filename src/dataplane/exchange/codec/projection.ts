/** The fields of records that are needed at the other end of a channel. */
export class Projection {
  readonly fields: readonly string[];

  constructor(fields: readonly string[]) {
    this.fields = fields;
  }

  /** These fields of a record alone, missing ones as undefined; what is no object with fields stays whole. */
  of(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const from = value as Readonly<Record<string, unknown>>;
    return Object.fromEntries(this.fields.map((name) => [name, from[name]]));
  }
}
