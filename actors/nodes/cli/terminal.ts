import { styleText, stripVTControlCharacters } from 'node:util';
import { wantsColour } from '../adapters/log-format.ts';
import type { LogStream } from '../adapters/pino-logger.ts';

export type Style = Parameters<typeof styleText>[0];

/** A stream that people or programs read. */
export interface OutputStream extends LogStream {
  readonly columns?: number;
  readonly rows?: number;
}

/**
 * Where a command writes: results to the standard output, what happens meanwhile to the standard error. A live block may
 * stand at the end of a terminal; lines written above it push it down.
 */
export class Terminal {
  readonly environment: NodeJS.ProcessEnv;
  readonly #out: OutputStream;
  readonly #err: OutputStream;
  #liveRows = 0;
  #block: readonly string[] = [];

  constructor(out: OutputStream, err: OutputStream, environment: NodeJS.ProcessEnv) {
    this.#out = out;
    this.#err = err;
    this.environment = environment;
  }

  /** Whether progress may be redrawn in place. */
  get isLive(): boolean {
    return (
      this.#err.isTTY === true && this.environment['TERM'] !== 'dumb' && (this.environment['CI'] ?? '') === ''
    );
  }

  /** A line of the result. */
  out(line = ''): void {
    this.#above(() => this.#out.write(`${line}\n`));
  }

  /** One JSON object on a line. */
  json(value: object): void {
    this.out(JSON.stringify(value));
  }

  /** A line about what happens. */
  err(line = ''): void {
    this.#above(() => this.#err.write(`${line}\n`));
  }

  /** Log lines go through here, so that they do not tear the live block. */
  get log(): OutputStream {
    return {
      isTTY: this.#err.isTTY === true,
      write: (text: string) => this.#above(() => this.#err.write(text)),
    };
  }

  paintOut(style: Style, text: string): string {
    return paint(this.#out, this.environment, style, text);
  }

  paintErr(style: Style, text: string): string {
    return paint(this.#err, this.environment, style, text);
  }

  /** Columns of the live block; terminals that do not know their own say 0. */
  get width(): number {
    const { columns = 0 } = this.#err;
    return columns > 0 ? columns : 100;
  }

  /** Lines that the terminal shows at once. */
  get height(): number {
    const { rows = 0 } = this.#err;
    return rows > 0 ? rows : 24;
  }

  /** Draws or replaces the live block; lines are cut at the terminal's width. Nothing without a terminal. */
  live(lines: readonly string[]): void {
    if (!this.isLive) return;
    this.#clear();
    this.#block = lines.map((line) => cut(line, this.width - 1));
    this.#draw();
  }

  /** Removes the live block. */
  endLive(): void {
    this.#clear();
    this.#block = [];
  }

  #above(write: () => void): void {
    this.#clear();
    write();
    this.#draw();
  }

  #draw(): void {
    if (this.#block.length === 0) return;
    this.#err.write(`${this.#block.join('\n')}\n`);
    this.#liveRows = this.#block.length;
  }

  #clear(): void {
    if (this.#liveRows === 0) return;
    this.#err.write(`\u001b[${this.#liveRows}A\u001b[0J`);
    this.#liveRows = 0;
  }
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  // Whoever read is gone (`| head`, a closed window): what is under way is still ended in order.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return new Terminal(process.stdout, process.stderr, process.env);
}

function paint(stream: OutputStream, environment: NodeJS.ProcessEnv, style: Style, text: string): string {
  if (!wantsColour(stream.isTTY === true, environment)) return text;
  return styleText(style, text, { validateStream: false });
}

function cut(line: string, width: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= width ? line : `${plain.slice(0, Math.max(0, width - 3))}...`;
}
