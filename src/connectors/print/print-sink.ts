import { inspect } from 'node:util';
import { ExternalError } from '../../base/errors.ts';
import type { Sink, SinkWriter, SinkWriterContext } from '../../functions/sink.ts';
import { RowSender } from '../row-sender.ts';

/** Where lines go; `process.stdout` and its like. */
export interface PrintOutput {
  write(text: string, done: (error?: Error | null) => void): unknown;
}

/**
 * One line per record on the standard output of the node that runs the subtask. Lines look like Flink's: `value`, `prefix> value`,
 * and with several subtasks `2> value`, `prefix:2> value` (subtasks counted from 1).
 */
export class PrintSink<T> implements Sink<T> {
  readonly #prefix: string;
  readonly #output: PrintOutput;

  constructor(prefix = '', output: PrintOutput = process.stdout) {
    this.#prefix = prefix;
    this.#output = output;
  }

  createWriter(context: SinkWriterContext): SinkWriter<T> {
    const { indexOfThisSubtask, numberOfParallelSubtasks } = context.taskInfo;
    const subtask = numberOfParallelSubtasks > 1 ? String(indexOfThisSubtask + 1) : '';
    const label = [this.#prefix, subtask].filter((part) => part !== '').join(':');
    const start = label === '' ? '' : `${label}> `;
    const sender = new RowSender<string>((lines) => this.#print(lines));
    return {
      write: (value) => sender.add(`${start}${lineOf(value)}\n`),
      pending: () => sender.pending(),
      flush: () => sender.flush(),
      close: () => sender.discard(),
    };
  }

  #print(lines: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#output.write(lines.join(''), (error) => {
        if (error === undefined || error === null) resolve();
        else
          reject(
            new ExternalError(`cannot print to the standard output: ${error.message}`, { cause: error }),
          );
      });
    });
  }
}

function lineOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return inspect(value, { depth: 8, breakLength: Infinity, compact: true, maxArrayLength: 1000 });
}
