import { LOG_SHOWN_BYTES, PROFILE_BYTES_MAX } from '../../src/base/limits.ts';
import { nodeReply } from '../../src/protocol/node-inspection.ts';
import type { NodeReply, NodeRequest } from '../../src/protocol/node-inspection.ts';
import { InternalError, MillraceError, NotFoundError } from '../../src/base/errors.ts';
import type {
  CallTree,
  CallTreeRequest,
  LogFile,
  NodeEnvironment,
  NodeView,
  ProfileInfo,
  ProfileMode,
} from '../../src/ports/node-view.ts';
import { ask } from '../messaging/ask.ts';
import type { AskPolicy } from '../messaging/ask.ts';
import type { ActorEnvironment } from '../messaging/environment.ts';

const POLICY = { timeoutMs: 5_000, attempts: 2, pauseMs: 100, maxPauseMs: 100 };

type ReplyOf<T extends NodeReply['type']> = Extract<NodeReply, { type: T }>;

/** Another process of the cluster, by messages. */
export class RemoteNodeView implements NodeView {
  readonly #environment: ActorEnvironment;
  readonly #subject: string;

  constructor(environment: ActorEnvironment, subject: string) {
    this.#environment = environment;
    this.#subject = subject;
  }

  async logs(): Promise<readonly LogFile[]> {
    return (await this.#ask({ type: 'listLogs' }, 'logList')).logs;
  }

  log(name: string): Promise<Uint8Array | undefined> {
    return this.#read('readLog', name, LOG_SHOWN_BYTES);
  }

  async #read(type: 'readLog' | 'readProfile', name: string, limit: number): Promise<Uint8Array | undefined> {
    const parts: Buffer[] = [];
    for (let from = 0; from <= limit;) {
      const { base64, end } = await this.#ask({ type, name, from }, 'logPart');
      if (base64 === undefined) return undefined;
      const part = Buffer.from(base64, 'base64');
      parts.push(part);
      from += part.length;
      if (end || part.length === 0) break;
    }
    return Buffer.concat(parts);
  }

  async threads(): Promise<readonly { readonly name: string; readonly stack: string }[]> {
    return (await this.#ask({ type: 'requestThreads' }, 'threadList')).threads;
  }

  environment(): Promise<NodeEnvironment> {
    return this.#ask({ type: 'requestNodeEnvironment' }, 'nodeEnvironment');
  }

  async callTrees({
    threads,
    durationMs,
    kind,
    depth,
  }: CallTreeRequest): Promise<readonly { readonly name: string; readonly tree: CallTree }[]> {
    const request = {
      type: 'sampleThreads' as const,
      ...(threads === undefined ? {} : { threads: [...threads] }),
      durationMs,
      kind,
      depth,
    };
    const policy = { ...POLICY, timeoutMs: durationMs + POLICY.timeoutMs, attempts: 1 };
    return (await this.#ask(request, 'threadSamples', policy)).threads;
  }

  async profiles(): Promise<readonly ProfileInfo[]> {
    return (await this.#ask({ type: 'listProfiles' }, 'profileList')).profiles;
  }

  async startProfile(mode: ProfileMode, durationMs: number): Promise<ProfileInfo> {
    return (await this.#ask({ type: 'startProfile', mode, durationMs }, 'profileStarted')).profile;
  }

  profile(name: string): Promise<Uint8Array | undefined> {
    return this.#read('readProfile', name, PROFILE_BYTES_MAX);
  }

  async #ask<T extends NodeReply['type']>(
    request: NodeRequest,
    expected: T,
    policy: AskPolicy = POLICY,
  ): Promise<ReplyOf<T>> {
    const answer = await ask(this.#environment, this.#subject, request, nodeReply, policy).catch(
      (cause: unknown) => {
        // What it refuses, it says why.
        if (cause instanceof MillraceError && cause.domain === 'user') throw cause;
        throw new NotFoundError('the process does not answer: is it running?', { cause });
      },
    );
    if (answer.type !== expected) throw new InternalError(`${expected} was expected, ${answer.type} came`);
    return answer as ReplyOf<T>;
  }
}
