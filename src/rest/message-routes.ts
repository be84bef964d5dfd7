import { z } from 'zod';
import { roleOfMessage } from '../protocol/message-roles.ts';
import type { MessageRole } from '../protocol/message-roles.ts';
import { clientRequest } from '../protocol/client-dispatcher.ts';
import { nodeRequest } from '../protocol/node-inspection.ts';
import { RestError } from './errors.ts';
import { checkCancel, checkRescale, checkSubmit } from './permitted.ts';
import { ROLES, route } from './route.ts';
import type { Route } from './route.ts';
import { anyObject } from './schemas.ts';

/**
 * The cluster's own messages, for the command line where it reaches the REST API only (`-m`). One route for each role, so that who
 * may do what is checked as everywhere; a message goes to the dispatcher, to the JobManager's process or to that of a TaskManager.
 */
export const MESSAGE_ROUTES: readonly Route[] = [
  ...ROLES.map(messageRoute),
  route({
    method: 'POST',
    path: '/millrace/artifacts',
    role: 'submit',
    summary: "Takes the module of a job, to be submitted by its sha256. Millrace's own.",
    upload: true,
    response: z.object({ sha256: z.string() }),
    handle: async ({ gateway, files }) => {
      checkSubmit(gateway);
      const [file, ...more] = files;
      if (file === undefined || more.length > 0) throw new RestError(400, 'Exactly one file must be sent.');
      return { sha256: await gateway.messages.putArtifact(file.path) };
    },
  }),
];

function messageRoute(role: MessageRole): Route {
  return route({
    method: 'POST',
    path: `/millrace/messages/${role}`,
    role,
    summary: `A message of the cluster's protocol that may ${role}, and its answer. Millrace's own.`,
    body: z.object({
      /** `dispatcher`, `jobmanager`, or `taskmanager` with its id. */
      to: z.enum(['dispatcher', 'jobmanager', 'taskmanager']),
      taskManagerId: z.string().max(255).optional(),
      message: z.looseObject({ type: z.string().max(100) }),
    }),
    response: z.object({ reply: anyObject }),
    handle: async ({ gateway, body: { to, taskManagerId, message } }) => {
      const needed = roleOfMessage(message.type);
      if (needed === undefined)
        throw new RestError(400, `There is no message "${message.type}" that goes this way.`);
      if (needed !== role)
        throw new RestError(403, `"${message.type}" goes to /millrace/messages/${needed}.`);
      if (message.type === 'submitJob') checkSubmit(gateway);
      if (message.type === 'cancelJob') checkCancel(gateway);
      if (message.type === 'updateResourceRequirements') checkRescale(gateway);
      const parsed = (to === 'dispatcher' ? clientRequest : nodeRequest).safeParse(message);
      if (!parsed.success) throw new RestError(400, z.prettifyError(parsed.error).slice(0, 2_000));
      return { reply: await gateway.messages.ask({ to, taskManagerId }, parsed.data) };
    },
  });
}
