/** What one run of a bench measured, in its own process. */
export interface Measurement {
  /** Records (of the control plane: subtasks) that went through. */
  readonly records: number;
  /** Wall time they took. */
  readonly seconds: number;
  /** CPU time of all threads of all processes at work, in seconds. */
  readonly cpuSeconds: number;
  /** Largest resident set of any Millrace process at work, in MB. */
  readonly peakRssMb: number;
  /** What this bench has to say beside that; numbers, with the unit in the name. */
  readonly details?: Readonly<Record<string, number>>;
}

export interface Bench {
  readonly name: string;
  /** One line for `--help`. */
  readonly title: string;
  /** Default for `--records`; missing where the size is fixed. */
  readonly records?: number;
  /** Records per second that must be reached on the machine of README.md. */
  readonly floor?: number;
  /** Another bench, and the share of its speed that must be reached. Both run in turns; that one stands before in the index. */
  readonly comparedWith?: { readonly bench: string; readonly floor: number };
  run(records: number): Promise<Measurement>;
}
