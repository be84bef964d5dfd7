import { DeadlineExceededError } from '../../base/errors.ts';
import { NoRespondersError } from '../errors.ts';
import type { NatsTransport } from './nats-transport.ts';

/** What a server is able to do. */
export interface NatsServerInfo {
  /** Such as `2.12.14`. */
  readonly version: string;
  readonly serverId: string;
  readonly maxPayload: number;
  /** Whether JetStream answers for this account. */
  readonly jetstream: boolean;
  /**
   * API level of JetStream: 0 before 2.11, 1 for 2.11, 2 for 2.12... Features are decided by it and not by trying:
   * older servers accept newer requests and ignore what they do not know.
   */
  readonly jetstreamApiLevel: number;
}

const API_INFO = '$JS.API.INFO';
const API_INFO_TIMEOUT_MS = 5_000;

/** Asks the server that `transport` is connected to. */
export async function natsServerInfo(transport: NatsTransport): Promise<NatsServerInfo> {
  const info = transport.connection.info;
  const level = info?.jetstream === true ? await apiLevel(transport) : undefined;
  return {
    version: info?.version ?? 'unknown',
    serverId: info?.server_id ?? 'unknown',
    maxPayload: transport.maxPayload,
    jetstream: level !== undefined,
    jetstreamApiLevel: level ?? 0,
  };
}

async function apiLevel(transport: NatsTransport): Promise<number | undefined> {
  try {
    const reply = await transport.request(API_INFO, new Uint8Array(), { timeoutMs: API_INFO_TIMEOUT_MS });
    const answer: unknown = JSON.parse(new TextDecoder().decode(reply.payload));
    return levelOf(answer);
  } catch (error) {
    // JetStream is on, but not for this account.
    if (error instanceof NoRespondersError || error instanceof DeadlineExceededError) return undefined;
    throw error;
  }
}

function levelOf(answer: unknown): number | undefined {
  if (typeof answer !== 'object' || answer === null || 'error' in answer) return undefined;
  const api = 'api' in answer ? answer.api : undefined;
  if (typeof api !== 'object' || api === null || !('level' in api)) return 0;
  return typeof api.level === 'number' ? api.level : 0;
}
