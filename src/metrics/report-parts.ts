import { METRIC_REPORT_BYTES, METRIC_REPORT_PARTS_MAX } from '../base/limits.ts';
import type { MetricSamples } from '../protocol/metrics.ts';

/** Bytes that a sample takes beside its name. */
const SAMPLE_BYTES = 40;
const HISTOGRAM_BYTES = 200;

export interface ReportParts {
  /** At least one. */
  readonly parts: readonly (readonly MetricSamples[])[];
  /** Groups that did not find a place. */
  readonly leftOut: number;
}

/** Cuts metrics into parts that fit messages; a group that is too large for one is cut as well. */
export function reportParts(groups: readonly MetricSamples[]): ReportParts {
  const parts: MetricSamples[][] = [[]];
  let bytes = 0;
  let leftOut = 0;
  for (const group of groups.flatMap(cutGroup)) {
    const size = sizeOf(group);
    if (bytes > 0 && bytes + size > METRIC_REPORT_BYTES) {
      if (parts.length >= METRIC_REPORT_PARTS_MAX) {
        leftOut += 1;
        continue;
      }
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(group);
    bytes += size;
  }
  return { parts, leftOut };
}

function cutGroup(group: MetricSamples): MetricSamples[] {
  if (sizeOf(group) <= METRIC_REPORT_BYTES || group.samples.length < 2) return [group];
  const half = group.samples.length >> 1;
  return [
    ...cutGroup({ ...group, samples: group.samples.slice(0, half) }),
    ...cutGroup({ ...group, samples: group.samples.slice(half) }),
  ];
}

/** An estimate that is rather too high: characters of more than two bytes are rare in names. */
function sizeOf({ variables, path, samples }: MetricSamples): number {
  let bytes = 64;
  for (const [name, value] of Object.entries(variables)) bytes += 2 * (name.length + value.length) + 4;
  for (const step of path) for (const name of step) bytes += 2 * name.length + 4;
  for (const { name, type, value } of samples) {
    bytes += 2 * name.length + (type === 'histogram' ? HISTOGRAM_BYTES : SAMPLE_BYTES);
    if (typeof value === 'string') bytes += 2 * value.length;
  }
  return bytes;
}
