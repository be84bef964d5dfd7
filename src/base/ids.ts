/**
 * Branded ids. An id is opaque text of `[A-Za-z0-9_-]`, so that it can be a subject token, a store key and a file name
 * as it is; names that people choose never become ids.
 */
declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Names a cluster on a NATS server that several clusters may share. */
export type ClusterId = Brand<string, 'ClusterId'>;
/** 32 hex characters, as Flink's. */
export type JobId = Brand<string, 'JobId'>;
/** 32 hex characters: hash of the chain's head operator. */
export type VertexId = Brand<string, 'VertexId'>;
/** 32 hex characters: hash of `uid`, else of the operator's place in the graph. */
export type OperatorId = Brand<string, 'OperatorId'>;
export type TaskManagerId = Brand<string, 'TaskManagerId'>;
/** Identifies the grant of one slot to one job; a fence for everything sent to that slot. */
export type AllocationId = Brand<string, 'AllocationId'>;
/** Leader epoch; a higher one supersedes all lower ones. */
export type Epoch = Brand<number, 'Epoch'>;
export type MessageId = Brand<string, 'MessageId'>;

const ID = /^[A-Za-z0-9_-]{1,128}$/;

/** Whether `text` may be an id as it stands. */
export function isId(text: string): boolean {
  return ID.test(text);
}
