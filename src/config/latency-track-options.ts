import { HISTOGRAM_VALUES_MAX } from '../base/limits.ts';
import { booleanOption, intOption } from './option.ts';

/** Options of how long accesses to state take. */
export const LATENCY_TRACK_OPTIONS = {
  latencyTrackKeyedState: booleanOption('state.latency-track.keyed-state-enabled', {
    defaultValue: false,
    description:
      'Whether accesses to keyed state are timed, by sample, for metrics of each state; off, they cost nothing more. Windows without a trigger of their own are not looked up by key, and have none.',
    aliases: ['state.backend.latency-track.keyed-state-enabled'],
  }),
  latencyTrackSampleInterval: intOption('state.latency-track.sample-interval', {
    defaultValue: 100,
    min: 1,
    description: 'Of so many accesses of a kind to a state, one is timed.',
    aliases: ['state.backend.latency-track.sample-interval'],
  }),
  latencyTrackHistorySize: intOption('state.latency-track.history-size', {
    defaultValue: 128,
    min: 1,
    max: HISTOGRAM_VALUES_MAX,
    description: 'Last times that each of these metrics holds.',
    aliases: ['state.backend.latency-track.history-size'],
  }),
  latencyTrackStateName: booleanOption('state.latency-track.state-name-as-variable', {
    defaultValue: true,
    description:
      "Whether the state's name is the value of a variable `state_name`, a label; false: a group, so that the metrics of each state have names of their own.",
    aliases: ['state.backend.latency-track.state-name-as-variable'],
  }),
} as const;
