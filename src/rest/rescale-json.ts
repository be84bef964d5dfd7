import { z } from 'zod';
import type { RescaleInfo, Rescaling } from '../protocol/rescaling.ts';
import { stats } from './checkpoint-json.ts';
import { stackOf } from './exceptions-json.ts';
import { stats as statsSchema } from './checkpoint-schemas.ts';
import type { Stats } from './checkpoint-schemas.ts';

const counts = z.object({ ignored: z.int(), inProgress: z.int(), completed: z.int(), failed: z.int() });

const schedulerState = z.object({
  state: z.string(),
  enterTimestampInMillis: z.int(),
  leaveTimestampInMillis: z.int().nullable(),
  durationInMillis: z.int().nullable(),
  stringifiedException: z.string().nullable(),
});

/** Flink's Rescale. Slots have no resource profiles here. */
export const rescaleSchema = z.object({
  rescaleUuid: z.string(),
  resourceRequirementsUuid: z.string(),
  rescaleAttemptId: z.int(),
  vertices: z.record(
    z.string(),
    z.object({
      jobVertexId: z.string(),
      jobVertexName: z.string(),
      slotSharingGroupId: z.string(),
      slotSharingGroupName: z.string(),
      desiredParallelism: z.int(),
      sufficientParallelism: z.int(),
      preRescaleParallelism: z.int(),
      postRescaleParallelism: z.int(),
    }),
  ),
  slots: z.record(
    z.string(),
    z.object({
      slotSharingGroupId: z.string(),
      slotSharingGroupName: z.string(),
      desiredSlots: z.int(),
      minimalRequiredSlots: z.int(),
      preRescaleSlots: z.int(),
      postRescaleSlots: z.int(),
    }),
  ),
  schedulerStates: z.array(schedulerState),
  startTimestampInMillis: z.int(),
  endTimestampInMillis: z.int().nullable(),
  terminalState: z.string().nullable(),
  triggerCause: z.string(),
  terminatedReason: z.string().nullable(),
});

const latest = rescaleSchema.nullable();

export const rescalesOverviewSchema = z.object({
  rescalesCounts: counts,
  latest: z.object({ completed: latest, failed: latest, ignored: latest }),
});

export const rescalesSummarySchema = z.object({
  rescalesCounts: counts,
  rescalesDurationStatsInMillis: statsSchema,
  completedRescalesDurationStatsInMillis: statsSchema,
  failedRescalesDurationStatsInMillis: statsSchema,
  ignoredRescalesDurationStatsInMillis: statsSchema,
});

type RescaleJson = z.infer<typeof rescaleSchema>;

export function rescaleJson(info: RescaleInfo): RescaleJson {
  const { id, number, cause, state, startedAt, endedAt, error, vertices } = info;
  const failure = error === undefined ? null : stackOf(error);
  return {
    rescaleUuid: id,
    resourceRequirementsUuid: id,
    rescaleAttemptId: number,
    vertices: Object.fromEntries(
      vertices.map((vertex) => [
        vertex.vertexId,
        {
          jobVertexId: vertex.vertexId,
          jobVertexName: vertex.name,
          slotSharingGroupId: vertex.slotSharingGroup,
          slotSharingGroupName: vertex.slotSharingGroup,
          desiredParallelism: vertex.desired,
          sufficientParallelism: vertex.sufficient,
          preRescaleParallelism: vertex.before,
          postRescaleParallelism: vertex.after,
        },
      ]),
    ),
    slots: slotsJson(info),
    schedulerStates: [
      {
        state: 'Restarting',
        enterTimestampInMillis: startedAt,
        leaveTimestampInMillis: endedAt ?? null,
        durationInMillis: endedAt === undefined ? null : endedAt - startedAt,
        stringifiedException: failure,
      },
    ],
    startTimestampInMillis: startedAt,
    endTimestampInMillis: endedAt ?? null,
    terminalState: state === 'IN_PROGRESS' ? null : state,
    triggerCause: cause,
    terminatedReason:
      state === 'IN_PROGRESS' ? null : state === 'FAILED' ? 'EXCEPTION_OCCURRED' : 'SUCCEEDED',
  };
}

/** Each slot sharing group has as many slots as its widest vertex has subtasks. */
function slotsJson({ vertices }: RescaleInfo): RescaleJson['slots'] {
  const groups = Map.groupBy(vertices, ({ slotSharingGroup }) => slotSharingGroup);
  return Object.fromEntries(
    [...groups].map(([group, members]) => {
      const widest = (of: 'desired' | 'sufficient' | 'before' | 'after'): number =>
        Math.max(...members.map((member) => member[of]));
      return [
        group,
        {
          slotSharingGroupId: group,
          slotSharingGroupName: group,
          desiredSlots: widest('desired'),
          minimalRequiredSlots: widest('sufficient'),
          preRescaleSlots: widest('before'),
          postRescaleSlots: widest('after'),
        },
      ];
    }),
  );
}

export function rescalesOverview(rescaling: Rescaling): z.infer<typeof rescalesOverviewSchema> {
  const newest = (state: RescaleInfo['state']): RescaleJson | null => {
    const found = rescaling.history.find((info) => info.state === state);
    return found === undefined ? null : rescaleJson(found);
  };
  return {
    rescalesCounts: countsJson(rescaling),
    latest: { completed: newest('COMPLETED'), failed: newest('FAILED'), ignored: null },
  };
}

/** Over those that are kept. */
export function rescalesSummary(rescaling: Rescaling): z.infer<typeof rescalesSummarySchema> {
  const durations = (...states: RescaleInfo['state'][]): Stats =>
    stats(
      rescaling.history.flatMap(({ state, startedAt, endedAt }) =>
        states.includes(state) && endedAt !== undefined ? [endedAt - startedAt] : [],
      ),
    );
  return {
    rescalesCounts: countsJson(rescaling),
    rescalesDurationStatsInMillis: durations('COMPLETED', 'FAILED'),
    completedRescalesDurationStatsInMillis: durations('COMPLETED'),
    failedRescalesDurationStatsInMillis: durations('FAILED'),
    ignoredRescalesDurationStatsInMillis: durations(),
  };
}

/** Nothing is ignored: what cannot be had now is had once there are slots. */
function countsJson({ counts: { inProgress, completed, failed } }: Rescaling): z.infer<typeof counts> {
  return { ignored: 0, inProgress, completed, failed };
}
