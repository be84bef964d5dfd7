const BAR_WIDTH = 30;
/** On a terminal the line is drawn anew at most this often. */
const DRAW_INTERVAL_MS = 100;
/** In a log a line is written this often. */
const LOG_INTERVAL_MS = 2_000;

/** One line that shows how far a job is: redrawn on a terminal, repeated now and then in a log. */
export class Progress {
  readonly #total: number;
  readonly #output: NodeJS.WriteStream;
  readonly #startedAt = performance.now();
  /** When the first records were seen: rates leave out how long the cluster took to start. */
  #firstAt: number | undefined;
  #drawnAt = -Infinity;
  #records = 0;

  constructor(total: number, output: NodeJS.WriteStream = process.stderr) {
    this.#total = total;
    this.#output = output;
  }

  update(records: number, status: string): void {
    const now = performance.now();
    if (records > 0) this.#firstAt ??= now;
    this.#records = Math.max(this.#records, records);
    if (now - this.#drawnAt < (this.#output.isTTY ? DRAW_INTERVAL_MS : LOG_INTERVAL_MS)) return;
    this.#drawnAt = now;
    this.#draw(status, now);
  }

  end(records: number, status: string): void {
    this.#records = Math.max(this.#records, records);
    this.#draw(status, performance.now());
    if (this.#output.isTTY) this.#output.write('\n');
  }

  #draw(status: string, now: number): void {
    const share = Math.min(1, this.#records / this.#total);
    const full = Math.round(share * BAR_WIDTH);
    const seconds = (now - (this.#firstAt ?? now)) / 1000;
    const rate = seconds > 0 ? Math.round(this.#records / seconds) : 0;
    const line =
      `${status.padEnd(12)} ${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${String(Math.round(share * 100)).padStart(3)} %  ` +
      `${this.#records.toLocaleString('en-US')} records  ${rate.toLocaleString('en-US')}/s  ` +
      `${((now - this.#startedAt) / 1000).toFixed(1)} s`;
    this.#output.write(this.#output.isTTY ? `\r\x1b[2K${line}` : `${line}\n`);
  }
}
