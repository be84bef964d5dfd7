import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { isId } from '../../../src/base/ids.ts';
import type { TaskManagerId } from '../../../src/base/ids.ts';
import type { ArtifactStore } from '../../../src/ports/stores.ts';
import {
  ACCEPT_ENCODING,
  CONTENT_TYPE,
  JSON_CONTENT,
  MESSAGE_ID,
  ZSTD,
  decodeMessage,
  encodeMessage,
} from '../../../src/protocol/codec.ts';
import { RestError } from '../../../src/rest/errors.ts';
import type { Messages } from '../../../src/rest/gateway.ts';
import { NoRespondersError } from '../../../src/transport/errors.ts';
import type { ActorEnvironment } from '../../messaging/environment.ts';

const reply = z.looseObject({ type: z.string() });
/** One try: who asks over REST tries again by itself. */
const TIMEOUT_MS = 10_000;

/** Passes messages on to the cluster, in JSON. */
export class PassedMessages implements Messages {
  readonly #environment: ActorEnvironment;
  readonly #artifacts: ArtifactStore;

  constructor(environment: ActorEnvironment, artifacts: ArtifactStore) {
    this.#environment = environment;
    this.#artifacts = artifacts;
  }

  async ask(receiver: Parameters<Messages['ask']>[0], message: object): Promise<Record<string, unknown>> {
    const { transport, random } = this.#environment;
    const subject = this.#subjectOf(receiver);
    const headers = {
      [CONTENT_TYPE]: JSON_CONTENT,
      [ACCEPT_ENCODING]: ZSTD,
      [MESSAGE_ID]: random.hex(8),
    };
    try {
      const payload = encodeMessage(message, 'json');
      const answer = await transport.request(subject, payload, { headers, timeoutMs: TIMEOUT_MS });
      return decodeMessage(reply, answer.payload, answer.headers, subject);
    } catch (error) {
      const silent = error instanceof NoRespondersError ? 'Nobody is there' : 'There is no answer';
      throw new RestError(503, `${silent}: ${(error as Error).message}`, { cause: error });
    }
  }

  async putArtifact(path: string): Promise<string> {
    return this.#artifacts.put(await readFile(path));
  }

  #subjectOf({ to, taskManagerId }: Parameters<Messages['ask']>[0]): string {
    const { subjects } = this.#environment;
    switch (to) {
      case 'dispatcher':
        return subjects.dispatcher();
      case 'jobmanager':
        return subjects.node();
      case 'taskmanager':
        if (taskManagerId === undefined || !isId(taskManagerId))
          throw new RestError(400, 'taskManagerId is missing, or is no id.');
        return subjects.node(taskManagerId as TaskManagerId);
    }
  }
}
