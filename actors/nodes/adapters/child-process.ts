import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Whether a child has been started and has not ended. */
export function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** `code 1` or `signal SIGKILL`, when the child has ended. */
export async function exitOf(child: ChildProcess): Promise<string> {
  if (isRunning(child)) await once(child, 'exit');
  return child.signalCode === null ? `code ${child.exitCode}` : `signal ${child.signalCode}`;
}

/** SIGTERM, and SIGKILL when that does not end it within `ms`. Resolves when it has ended. */
export async function stopProcess(child: ChildProcess, ms: number): Promise<void> {
  if (!isRunning(child)) return;
  const exited = exitOf(child);
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  await exited;
  clearTimeout(timer);
}
