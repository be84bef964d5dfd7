import { fork } from 'node:child_process';

/** How much of what a child printed is kept. */
const OUTPUT_CHARS = 20_000;

/**
 * Runs a program in a process of its own, with this process's flags, and resolves with what it hands to `toParent`.
 * @throws Error with what it printed when it ends without that.
 */
export function runChild<T>(
  program: URL,
  args: readonly string[],
  onProgress?: (text: string) => void,
): Promise<T> {
  const child = fork(program, [...args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARS);
    });
  }
  return new Promise((resolve, reject) => {
    let answer: { readonly result: T } | undefined;
    child.on('message', (message: { progress: string } | { result: T }) => {
      if ('progress' in message) onProgress?.(message.progress);
      else answer = message;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (answer !== undefined) resolve(answer.result);
      else
        reject(
          new Error(`its process ended with ${signal ?? code} before it had measured anything\n${output}`),
        );
    });
  });
}

/** In a child: hands its result to the parent, and lets go of it so that the process can end. */
export function toParent(result: unknown): void {
  if (process.send === undefined) throw new Error('this program is started by a bench, not by itself');
  process.send({ result }, () => process.disconnect?.());
}

/** In a child: tells the parent how far it is. */
export function progressToParent(progress: string): void {
  process.send?.({ progress });
}
