import type { TypeInformation } from './types/index.ts';

/** Names a side output; `T` is the type of its records. Two tags with one id are the same output. */
export class OutputTag<T> {
  readonly id: string;
  declare readonly recordType?: T;

  /** What the records are declared to be, if they are. */
  readonly type: TypeInformation<T> | undefined;

  constructor(id: string, type?: TypeInformation<T>) {
    this.id = id;
    this.type = type;
  }
}
