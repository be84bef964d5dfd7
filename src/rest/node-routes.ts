import { z } from 'zod';
import type { TaskManagerId } from '../base/ids.ts';
import type { TaskManagerInfo } from '../protocol/task-manager-info.ts';
import { RestError } from './errors.ts';
import type { NodeMemory, NodeView, ProfileInfo } from '../ports/node-view.ts';
import type { RestGateway } from './gateway.ts';
import { clusterConfig } from './job-config.ts';
import * as schemas from './node-schemas.ts';
import { TextAnswer, route } from './route.ts';
import type { Route } from './route.ts';
import { taskManagerParams } from './schemas.ts';
import { memoryMetrics, resource, taskManagerJson } from './task-manager-json.ts';

const fileParams = z.object({ filename: z.string().min(1).max(255) });
const text = z.string().meta({ description: 'The file as it is.' });

/** The processes of the cluster: what they have, their logs and threads. */
export const NODE_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/jobmanager/config',
    role: 'read',
    summary: 'The configuration of the JobManager; secrets are masked.',
    response: schemas.keyValues,
    handle: ({ gateway }) => clusterConfig(gateway.configuration),
  }),
  route({
    method: 'GET',
    path: '/jobmanager/environment',
    role: 'read',
    summary: 'Runtime and modules of the JobManager.',
    response: schemas.environment,
    handle: async ({ gateway }) => {
      const { version, arch, options, modules } = await gateway.jobManager.environment();
      return { jvm: { version, arch, options }, classpath: modules };
    },
  }),
  ...nodeRoutes('/jobmanager', z.object({}), (gateway) => Promise.resolve(gateway.jobManager)),
  route({
    method: 'GET',
    path: '/taskmanagers',
    role: 'read',
    summary: 'The TaskManagers that are registered.',
    response: z.object({ taskmanagers: z.array(schemas.taskManager) }),
    handle: async ({ gateway }) => ({ taskmanagers: (await gateway.taskManagers()).map(taskManagerJson) }),
  }),
  route({
    method: 'GET',
    path: '/taskmanagers/:taskmanagerid',
    role: 'read',
    summary: 'A TaskManager with its slots and its memory.',
    params: taskManagerParams,
    response: schemas.taskManagerDetail,
    handle: async ({ gateway, params: { taskmanagerid } }) => {
      const info = await taskManagerOf(gateway, taskmanagerid);
      const memory = await memoryOf(gateway.taskManager(taskmanagerid));
      const measured = await gateway.metrics.values({
        type: 'taskManager',
        taskManagerId: info.taskManagerId,
      });
      const allocatedSlots = info.slots.flatMap(({ jobId }) =>
        jobId === undefined ? [] : [{ jobId, resource: resource(info, 1) }],
      );
      return { ...taskManagerJson(info), allocatedSlots, metrics: memoryMetrics(memory, measured) };
    },
  }),
  ...nodeRoutes('/taskmanagers/:taskmanagerid', taskManagerParams, async (gateway, { taskmanagerid }) => {
    await taskManagerOf(gateway, taskmanagerid);
    return gateway.taskManager(taskmanagerid);
  }),
];

/** What JobManager and TaskManagers have alike. */
function nodeRoutes<P extends z.ZodObject>(
  path: string,
  params: P,
  viewOf: (gateway: RestGateway, params: z.infer<P>) => Promise<NodeView>,
): Route[] {
  const read = { method: 'GET', role: 'read' } as const;
  const whole = async (view: NodeView, ending: string): Promise<TextAnswer> => {
    const files = await view.logs();
    const file = files.find(({ name }) => name.endsWith(ending));
    return fileOf(view, file?.name ?? ending);
  };
  return [
    route({
      ...read,
      path: `${path}/logs`,
      summary: 'Log files, with their sizes.',
      params,
      response: schemas.logFiles,
      handle: async ({ gateway, params: given }) => ({ logs: await (await viewOf(gateway, given)).logs() }),
    }),
    route({
      ...read,
      path: `${path}/logs/:filename`,
      summary: 'A log file.',
      params: params.extend(fileParams.shape),
      response: text,
      handle: async ({ gateway, params: given }) => {
        const { filename } = given as unknown as z.infer<typeof fileParams>;
        return fileOf(await viewOf(gateway, given as z.infer<P>), filename);
      },
    }),
    route({
      ...read,
      path: `${path}/log`,
      summary: 'The log.',
      params,
      response: text,
      handle: async ({ gateway, params: given }) => whole(await viewOf(gateway, given), '.log'),
    }),
    route({
      ...read,
      path: `${path}/stdout`,
      summary: 'What was written to the standard output, where that is kept.',
      params,
      response: text,
      handle: async ({ gateway, params: given }) => whole(await viewOf(gateway, given), '.out'),
    }),
    ...profilerRoutes(path, params, viewOf),
    route({
      ...read,
      path: `${path}/thread-dump`,
      summary: 'Where each thread is, and how its event loop fares.',
      params,
      response: schemas.threadDump,
      handle: async ({ gateway, params: given }) => ({
        threadInfos: (await (await viewOf(gateway, given)).threads()).map(({ name, stack }) => ({
          threadName: name,
          stringifiedThreadInfo: stack,
        })),
      }),
    }),
  ];
}

const PROFILE_MODES = ['CPU', 'ITIMER', 'WALL', 'ALLOC'] as const;

/** Profiles of all threads of a process; `rest.profiling.enabled`. */
function profilerRoutes<P extends z.ZodObject>(
  path: string,
  params: P,
  viewOf: (gateway: RestGateway, params: z.infer<P>) => Promise<NodeView>,
): Route[] {
  return [
    route({
      method: 'GET',
      path: `${path}/profiler`,
      role: 'read',
      summary: 'The profiles that were taken, newest first.',
      params,
      response: z.object({ profilingList: z.array(schemas.profile) }),
      handle: async ({ gateway, params: given }) => ({
        profilingList: (await (await viewOf(gateway, given)).profiles()).map(profileJson),
      }),
    }),
    route({
      method: 'POST',
      path: `${path}/profiler`,
      role: 'operate',
      summary: 'Begins a profile of all threads. V8 knows no LOCK; WALL, CPU and ITIMER are the same.',
      params,
      body: z.object({ mode: z.string().max(20), duration: z.number().positive().max(86_400) }),
      response: schemas.profile,
      handle: async ({ gateway, params: given, body }) => {
        const mode = PROFILE_MODES.find((known) => known === body.mode.toUpperCase());
        if (mode === undefined)
          throw new RestError(
            400,
            `There is no profile of mode "${body.mode}": ${PROFILE_MODES.join(', ')}.`,
          );
        const view = await viewOf(gateway, given);
        return profileJson(await view.startProfile(mode, body.duration * 1_000));
      },
    }),
    route({
      method: 'GET',
      path: `${path}/profiler/:filename`,
      role: 'read',
      summary: 'The file of a profile, for speedscope.',
      params: params.extend(fileParams.shape),
      response: text,
      handle: async ({ gateway, params: given }) => {
        const { filename } = given as unknown as z.infer<typeof fileParams>;
        const content = await (await viewOf(gateway, given as z.infer<P>)).profile(filename);
        if (content === undefined)
          throw new RestError(404, `There is no profile ${JSON.stringify(filename.slice(0, 100))}.`);
        return new TextAnswer(content);
      },
    }),
  ];
}

function profileJson(info: ProfileInfo): schemas.Profile {
  const { status, mode, triggerTime, finishedTime, durationMs, message, outputFile } = info;
  return {
    status,
    mode,
    triggerTime,
    finishedTime: finishedTime ?? null,
    duration: durationMs / 1_000,
    message,
    outputFile: outputFile ?? null,
  };
}

/** Names are looked up among those that there are, and never become part of a path. */
async function fileOf(view: NodeView, name: string): Promise<TextAnswer> {
  const content = await view.log(name);
  if (content === undefined)
    throw new RestError(404, `This file does not exist in the logs: ${JSON.stringify(name.slice(0, 100))}`);
  return new TextAnswer(content);
}

async function taskManagerOf(gateway: RestGateway, taskManagerId: TaskManagerId): Promise<TaskManagerInfo> {
  const found = (await gateway.taskManagers()).find((info) => info.taskManagerId === taskManagerId);
  if (found === undefined) throw new RestError(404, `Could not find TaskExecutor ${taskManagerId}.`);
  return found;
}

/** Undefined where it does not answer: what is known of it is shown all the same. */
function memoryOf(view: NodeView): Promise<NodeMemory | undefined> {
  return view.environment().then(
    ({ memory }) => memory,
    () => undefined,
  );
}
