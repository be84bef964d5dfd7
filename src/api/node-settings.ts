import { UserError } from '../base/errors.ts';
import { checkName } from '../graph/stream-graph.ts';
import type { StreamNode } from '../graph/stream-graph.ts';

/** Checked changes of an operator's settings; streams and sinks offer them. */

export function setName(node: StreamNode<unknown>, name: string): void {
  checkName(name, 'operator');
  node.name = name;
}

export function setUid(node: StreamNode<unknown>, uid: string): void {
  checkName(uid, 'uid');
  node.uid = uid;
}

/** @throws UserError when the operator cannot run in parallel. */
export function setParallelism(node: StreamNode<unknown>, parallelism: number): void {
  if (node.nonParallel && parallelism !== 1) {
    throw new UserError(`operator "${node.name}" is not parallel: its parallelism is 1, not ${parallelism}`);
  }
  node.parallelism = parallelism;
}
