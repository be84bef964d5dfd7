import { assign, setup } from 'xstate';
import type { SerializedError } from '../../src/base/errors.ts';
import { isGloballyTerminal } from '../../src/protocol/job-status.ts';
import type { JobDetails } from '../../src/protocol/job-status.ts';

/** Follows one job from submission to its end, by asking the dispatcher. */
export type ClientEvent =
  | { readonly type: 'submitted' }
  | { readonly type: 'refused'; readonly error: SerializedError }
  | { readonly type: 'polled'; readonly job: JobDetails }
  | { readonly type: 'pollFailed'; readonly error: SerializedError; readonly at: number };

export interface ClientInput {
  /** Pause between two questions; ms. */
  readonly pollIntervalMs: number;
  /** `client.timeout`: how long the dispatcher may stay silent; ms. */
  readonly timeoutMs: number;
  /** Monotonic ms. */
  readonly now: number;
}

export interface ClientContext extends Omit<ClientInput, 'now'> {
  readonly job: JobDetails | undefined;
  readonly error: SerializedError | undefined;
  /** Since when the dispatcher does not answer. */
  readonly silentSince: number | undefined;
}

const machine = setup({
  types: { context: {} as ClientContext, events: {} as ClientEvent, input: {} as ClientInput },
  actions: {
    submit: () => {},
    poll: () => {},
    keepJob: assign(({ event }) =>
      event.type === 'polled' ? { job: event.job, silentSince: undefined } : {},
    ),
    keepError: assign(({ event }) =>
      event.type === 'refused' || event.type === 'pollFailed' ? { error: event.error } : {},
    ),
    noteSilence: assign(({ context, event }) =>
      event.type === 'pollFailed' ? { silentSince: context.silentSince ?? event.at } : {},
    ),
  },
  guards: {
    jobEnded: ({ event }) => event.type === 'polled' && isGloballyTerminal(event.job.status),
    givesUp: ({ context, event }) =>
      event.type === 'pollFailed' &&
      (!event.error.retryable || event.at - (context.silentSince ?? event.at) > context.timeoutMs),
  },
  delays: { POLL_INTERVAL: ({ context }) => context.pollIntervalMs },
});

export const clientMachine = machine.createMachine({
  id: 'client',
  context: ({ input: { pollIntervalMs, timeoutMs } }) => ({
    pollIntervalMs,
    timeoutMs,
    job: undefined,
    error: undefined,
    silentSince: undefined,
  }),
  initial: 'submitting',
  states: {
    submitting: {
      entry: 'submit',
      on: { submitted: 'watching', refused: { target: 'refused', actions: 'keepError' } },
    },
    watching: {
      initial: 'asking',
      states: {
        asking: { entry: 'poll' },
        pausing: { after: { POLL_INTERVAL: 'asking' } },
      },
      on: {
        polled: [
          { guard: 'jobEnded', target: 'ended', actions: 'keepJob' },
          { target: '.pausing', actions: 'keepJob' },
        ],
        pollFailed: [
          { guard: 'givesUp', target: 'lost', actions: 'keepError' },
          { target: '.pausing', actions: 'noteSilence' },
        ],
      },
    },
    ended: { type: 'final' },
    refused: { type: 'final' },
    lost: { type: 'final' },
  },
});
