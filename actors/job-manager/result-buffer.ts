import { RESULT_ROWS_MAX } from '../../src/base/limits.ts';
import { UserError } from '../../src/base/errors.ts';

/**
 * Rows of `collect()` on their way to the client. Bounded by RESULT_ROWS_MAX; a region's restart voids the rows its old
 * attempt delivered, which the client sees as a new `attempt` number.
 */
export class ResultBuffer {
  readonly #collects = new Map<string, Collect>();
  #rows = 0;

  /** @throws UserError when the job collects more than may be held. */
  add(part: RowsPart): void {
    const collect = this.#collect(part.collectId);
    const producer = `${part.vertexId}/${part.subtaskIndex}/${part.attempt}`;
    const next = collect.nextSequence.get(producer) ?? 0;
    if (part.sequence < next) return;
    collect.nextSequence.set(producer, part.sequence + 1);
    if (this.#rows + part.rows.length > RESULT_ROWS_MAX) {
      throw new UserError(`collect() holds ${RESULT_ROWS_MAX} rows at most: write large results with a sink`);
    }
    collect.vertexId = part.vertexId;
    for (const row of part.rows) collect.rows.push(row);
    this.#rows += part.rows.length;
  }

  /** Voids what subtasks of these vertices delivered. */
  discard(vertexIds: ReadonlySet<string>): void {
    for (const collect of this.#collects.values()) {
      if (collect.vertexId === undefined || !vertexIds.has(collect.vertexId)) continue;
      this.#rows -= collect.rows.length;
      collect.rows = [];
      collect.attempt++;
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
      collect = { vertexId: undefined, attempt: 0, rows: [], nextSequence: new Map() };
      this.#collects.set(collectId, collect);
    }
    return collect;
  }
}

export interface RowsPart {
  readonly collectId: string;
  readonly vertexId: string;
  readonly subtaskIndex: number;
  readonly attempt: number;
  readonly sequence: number;
  readonly rows: readonly unknown[];
}

interface Collect {
  vertexId: string | undefined;
  /** Counts discards. */
  attempt: number;
  rows: unknown[];
  readonly nextSequence: Map<string, number>;
}
