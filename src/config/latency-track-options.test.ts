import { describe, expect, it } from 'vitest';
import { Configuration } from './configuration.ts';
import { taskSettings } from './settings.ts';

const of = (entries: Readonly<Record<string, string>>): Configuration =>
  Configuration.of(Object.entries(entries));
const ON = { 'state.latency-track.keyed-state-enabled': 'true' };

describe('the options of state.latency-track', () => {
  it('when it is not on, then tasks have no settings of it', () => {
    expect(taskSettings(of({ 'state.latency-track.sample-interval': '5' })).latencyTrack).toBeUndefined();
  });

  it("when it is on, also by Flink's older key, then unset values are Flink's", () => {
    const defaults = { sampleInterval: 100, historySize: 128, stateNameAsVariable: true };
    expect(taskSettings(of(ON)).latencyTrack).toEqual(defaults);
    const older = of({ 'state.backend.latency-track.keyed-state-enabled': 'true' });
    expect(taskSettings(older).latencyTrack).toEqual(defaults);
  });

  it.each([
    ['state.latency-track.keyed-state-enabled', 'yes', 'is not true or false'],
    ['state.latency-track.sample-interval', '0', 'is not a whole number of at least 1'],
    ['state.latency-track.sample-interval', '1.5', 'is not a whole number of at least 1'],
    ['state.latency-track.history-size', '0', 'is not a whole number of at least 1'],
    ['state.latency-track.history-size', '100001', 'is not at most 100000'],
    ['state.latency-track.state-name-as-variable', '1', 'is not true or false'],
  ])('when %s is %s, then it is refused', (key, value, wrong) => {
    expect(() => of({ ...ON, [key]: value })).toThrow(`${key}: "${value}" ${wrong}`);
  });
});
