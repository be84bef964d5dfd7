import { serializeError } from '../../src/base/errors.ts';
import { LOG_PART_BYTES } from '../../src/base/limits.ts';
import type { Subscription } from '../../src/ports/transport.ts';
import { nodeRequest } from '../../src/protocol/node-inspection.ts';
import type { NodeReply, NodeRequest } from '../../src/protocol/node-inspection.ts';
import type { NodeView } from '../../src/ports/node-view.ts';
import type { ActorEnvironment } from './environment.ts';
import { reply, serve } from './serve.ts';

/** Lets others look into this process by messages. */
export function serveNodeView(environment: ActorEnvironment, subject: string, view: NodeView): Subscription {
  return serve(environment, subject, nodeRequest, (request, caller) => {
    answer(view, request).then(
      (message) => reply(environment, caller, message),
      (error: unknown) =>
        reply(environment, caller, { type: 'refused', error: serializeError(error, 'external') }),
    );
  });
}

async function answer(view: NodeView, request: NodeRequest): Promise<NodeReply> {
  switch (request.type) {
    case 'listLogs':
      return { type: 'logList', logs: [...(await view.logs())] };
    case 'readLog':
      return partOf(await view.log(request.name), request.from);
    case 'readProfile':
      return profilePart(await view.profile(request.name, { from: request.from, bytes: LOG_PART_BYTES }));
    case 'sampleThreads': {
      const { durationMs, kind, depth } = request;
      const threads = await view.callTrees({ threads: request.threads, durationMs, kind, depth });
      return { type: 'threadSamples', threads: threads.map(({ name, tree }) => ({ name, tree: [...tree] })) };
    }
    case 'listProfiles':
      return { type: 'profileList', profiles: [...(await view.profiles())] };
    case 'startProfile':
      return { type: 'profileStarted', profile: await view.startProfile(request.mode, request.durationMs) };
    case 'requestThreads':
      return { type: 'threadList', threads: [...(await view.threads())] };
    case 'requestNodeEnvironment': {
      const { version, arch, options, modules, memory } = await view.environment();
      const garbageCollections = [...memory.garbageCollections];
      return {
        type: 'nodeEnvironment',
        version,
        arch,
        options: [...options],
        modules: [...modules],
        memory: { ...memory, garbageCollections },
      };
    }
  }
}

/** The last part is shorter than the others, or empty. */
function profilePart(part: Uint8Array | undefined): NodeReply {
  if (part === undefined) return { type: 'logPart', end: true };
  return {
    type: 'logPart',
    base64: Buffer.from(part).toString('base64'),
    end: part.length < LOG_PART_BYTES,
  };
}

function partOf(content: Uint8Array | undefined, from: number): NodeReply {
  if (content === undefined) return { type: 'logPart', end: true };
  const part = content.subarray(from, from + LOG_PART_BYTES);
  const end = from + part.length >= content.length;
  return { type: 'logPart', base64: Buffer.from(part).toString('base64'), end };
}
