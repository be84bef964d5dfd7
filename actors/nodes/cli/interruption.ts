import { REPEATED_SIGNAL_MS } from '../../../src/base/limits.ts';
import { InterruptedError } from './describe-error.ts';

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** SIGINT, SIGTERM and SIGHUP as an abort. A second Ctrl-C ends the process at once. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #onSignal: (name: NodeJS.Signals) => void;
  #first: { readonly name: NodeJS.Signals; readonly at: number } | undefined;

  /** @param onSecond told before the process ends at once */
  constructor(onSecond: () => void = () => {}) {
    this.#onSignal = (name) => {
      const now = performance.now();
      if (this.#first === undefined) {
        this.#first = { name, at: now };
        this.#controller.abort(new InterruptedError(name));
      } else if (now - this.#first.at > REPEATED_SIGNAL_MS) {
        onSecond();
        process.exit(new InterruptedError(name).exitCode);
      }
    };
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The signal that came, if one did. */
  get name(): NodeJS.Signals | undefined {
    return this.#first?.name;
  }

  /** Settles with the signal's name. */
  get happened(): Promise<NodeJS.Signals> {
    return new Promise((resolve) => {
      const settle = (): void => resolve(this.#first?.name ?? 'SIGINT');
      if (this.signal.aborted) settle();
      else this.signal.addEventListener('abort', settle, { once: true });
    });
  }

  /** Signals take their usual effect again. */
  end(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }
}
