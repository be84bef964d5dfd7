import { UserError } from '../../src/base/errors.ts';
import { RESULT_ROWS_MAX } from '../../src/base/limits.ts';

/**
 * Rows of `collect()` on their way to the client. Bounded by RESULT_ROWS_MAX. A region's restart voids the rows that its
 * subtasks delivered, which the client sees as a new `attempt` number; rows of other regions stay.
 */
export class ResultBuffer {
  readonly #collects = new Map<string, Collect>();
  #rows = 0;

  /** @throws UserError when the job collects more than may be held. */
  add(part: RowsPart): void {
    const collect = this.#collect(part.collectId);
    const producer = producerOf(part);
    const run = `${producer}/${part.attempt}`;
    if (part.sequence < (collect.nextSequence.get(run) ?? 0)) return;
    collect.nextSequence.set(run, part.sequence + 1);
    if (part.resumeAt !== undefined) this.#resume(collect, producer, part.resumeAt);
    if (this.#rows + part.rows.length > RESULT_ROWS_MAX) {
      throw new UserError(`collect() holds ${RESULT_ROWS_MAX} rows at most: write large results with a sink`);
    }
    for (const row of part.rows) {
      collect.rows.push(row);
      collect.producers.push(producer);
    }
    this.#rows += part.rows.length;
  }

  /** Voids what a producer delivered beyond its first `held` rows: its new attempt delivers them again. */
  #resume(collect: Collect, producer: string, held: number): void {
    let seen = 0;
    const kept = collect.producers.map((of) => of !== producer || (seen += 1) <= held);
    if (!kept.every(Boolean)) this.#keep(collect, kept);
  }

  #keep(collect: Collect, kept: readonly boolean[]): void {
    this.#rows -= collect.rows.length;
    collect.rows = collect.rows.filter((_, i) => kept[i]);
    collect.producers = collect.producers.filter((_, i) => kept[i]);
    this.#rows += collect.rows.length;
    collect.attempt++;
  }

  /** Voids what these subtasks delivered. */
  discard(subtasks: readonly Subtask[]): void {
    const voided = new Set(subtasks.map(producerOf));
    for (const collect of this.#collects.values()) {
      const kept = collect.producers.map((producer) => !voided.has(producer));
      if (!kept.every(Boolean)) this.#keep(collect, kept);
    }
  }

  read(
    collectId: string,
    from: number,
    max: number,
  ): { readonly attempt: number; readonly rows: readonly unknown[]; readonly end: number } {
    const { attempt, rows } = this.#collect(collectId);
    return { attempt, rows: rows.slice(from, from + max), end: rows.length };
  }

  ids(): readonly string[] {
    return [...this.#collects.keys()];
  }

  get size(): number {
    return this.#rows;
  }

  #collect(collectId: string): Collect {
    let collect = this.#collects.get(collectId);
    if (collect === undefined) {
      collect = { attempt: 0, rows: [], producers: [], nextSequence: new Map() };
      this.#collects.set(collectId, collect);
    }
    return collect;
  }
}

interface Subtask {
  readonly vertexId: string;
  readonly subtaskIndex: number;
}

export interface RowsPart extends Subtask {
  readonly collectId: string;
  readonly attempt: number;
  readonly sequence: number;
  readonly rows: readonly unknown[];
  /** Of what the producer delivered in earlier attempts, so many rows hold. */
  readonly resumeAt?: number | undefined;
}

interface Collect {
  /** Counts discards. */
  attempt: number;
  rows: unknown[];
  /** Who delivered `rows[i]`. */
  producers: string[];
  readonly nextSequence: Map<string, number>;
}

function producerOf({ vertexId, subtaskIndex }: Subtask): string {
  return `${vertexId}/${subtaskIndex}`;
}
