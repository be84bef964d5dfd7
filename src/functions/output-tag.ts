/** Names a side output; `T` is the type of its records. Two tags with one id are the same output. */
export class OutputTag<T> {
  readonly id: string;
  declare readonly recordType?: T;

  constructor(id: string) {
    this.id = id;
  }
}
