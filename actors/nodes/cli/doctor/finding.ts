/** `problem`: it will hurt in production. `advice`: it may. */
export type Level = 'ok' | 'advice' | 'problem';

/** One line of the production checklist, as it was found. */
export interface Finding {
  /** The part of the checklist, such as `Checkpoints`. */
  readonly area: Area;
  readonly level: Level;
  /** What was found. */
  readonly found: string;
  /** What it means, and what to do; where there is something to do. */
  readonly advice?: string;
}

export const AREAS = ['Checkpoints', 'Recovery', 'Resources', 'Monitoring', 'Job', 'Cluster'] as const;
export type Area = (typeof AREAS)[number];

/** Findings of one area. */
export class Findings {
  readonly list: Finding[] = [];
  readonly #area: Area;

  constructor(area: Area) {
    this.#area = area;
  }

  ok(found: string): void {
    this.list.push({ area: this.#area, level: 'ok', found });
  }

  advise(found: string, advice: string): void {
    this.list.push({ area: this.#area, level: 'advice', found, advice });
  }

  problem(found: string, advice: string): void {
    this.list.push({ area: this.#area, level: 'problem', found, advice });
  }

  /** `ok` when it holds, else as `otherwise` says. */
  check(holds: boolean, found: string, otherwise: readonly [found: string, advice: string]): void {
    if (holds) this.ok(found);
    else this.advise(...otherwise);
  }
}
