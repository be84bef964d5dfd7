import { histogram } from './definition.ts';

const access = (what: string): ReturnType<typeof histogram> => histogram('ns', `How long ${what} takes.`);

/** Of each keyed state of an operator, with `state.latency-track.keyed-state-enabled`; of accesses that are sampled. */
export const STATE_LATENCY_METRICS = {
  stateClearLatency: access('clear of any state'),
  valueStateGetLatency: access('value of a ValueState'),
  valueStateUpdateLatency: access('update of a ValueState'),
  listStateGetLatency: access('get of a ListState'),
  listStateAddLatency: access('add of a ListState'),
  listStateAddAllLatency: access('addAll of a ListState'),
  listStateUpdateLatency: access('update of a ListState'),
  mapStateGetLatency: access('get of a MapState'),
  mapStatePutLatency: access('put of a MapState'),
  mapStatePutAllLatency: access('putAll of a MapState'),
  mapStateRemoveLatency: access('remove of a MapState'),
  mapStateContainsLatency: access('contains of a MapState'),
  mapStateIsEmptyLatency: access('isEmpty of a MapState'),
  mapStateEntriesInitLatency: access('entries of a MapState, before the first one,'),
  mapStateKeysInitLatency: access('keys of a MapState, before the first one,'),
  mapStateValuesInitLatency: access('values of a MapState, before the first one,'),
  mapStateIteratorNextLatency: access('a step through entries, keys or values of a MapState'),
  reducingStateGetLatency: access('get of a ReducingState'),
  reducingStateAddLatency: access('add of a ReducingState, its function included,'),
  aggregatingStateGetLatency: access('get of an AggregatingState, its function included,'),
  aggregatingStateAddLatency: access('add of an AggregatingState, its function included,'),
};

export type StateLatencyName = keyof typeof STATE_LATENCY_METRICS;
