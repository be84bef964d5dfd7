import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../base/errors.ts';
import { Configuration } from './configuration.ts';
import { reporterSettings } from './reporter-settings.ts';

function settings(entries: Readonly<Record<string, string>>) {
  return reporterSettings(Configuration.of(Object.entries(entries)));
}

describe('reporterSettings', () => {
  it('when nothing is configured, then nothing is reported', () => {
    expect(settings({})).toEqual([]);
  });

  it("when a reporter is named or configured by Flink's class, old key or not, then it is started with its defaults", () => {
    const prometheus = { name: 'prometheus', kind: 'prometheus', host: '127.0.0.1', filterLabelValues: true };
    expect(settings({ 'metrics.reporters': 'prometheus' })).toMatchObject([
      { ...prometheus, ports: { from: 9_249, to: 9_348 } },
    ]);
    expect(
      settings({
        'metrics.reporter.prometheus.class': 'org.apache.flink.metrics.prometheus.PrometheusReporterFactory',
        'metrics.reporter.prometheus.port': '9249',
      }),
    ).toMatchObject([{ ...prometheus, ports: { from: 9_249, to: 9_249 } }]);
    expect(
      settings({
        'metrics.reporter.a.factory.class':
          'org.apache.flink.metrics.otel.OpenTelemetryMetricReporterFactory',
        'metrics.reporter.b.factory.class': 'org.apache.flink.metrics.slf4j.Slf4jReporterFactory',
        'metrics.reporter.b.interval': '2 s',
      }),
    ).toMatchObject([
      { name: 'a', kind: 'otlp', endpoint: 'http://127.0.0.1:4318/v1/metrics' },
      { name: 'b', kind: 'log', intervalMs: 2_000 },
    ]);
  });

  it('when the list names some, then only those are started', () => {
    const both = { 'metrics.reporter.a.factory.class': 'log', 'metrics.reporter.b.factory.class': 'log' };
    expect(settings({ ...both, 'metrics.reporters': 'b' }).map(({ name }) => name)).toEqual(['b']);
    expect(settings({ ...both, 'metrics.reporters': '' })).toEqual([]);
  });

  it('when labels are added and taken away, then the settings say which', () => {
    const [one] = settings({
      'metrics.reporters': 'log',
      'metrics.reporter.log.scope.variables.excludes': '<job_id>;host',
      'metrics.reporter.log.scope.variables.additional': 'region:eu, tier:a:b',
    });
    expect(one?.excludedVariables).toEqual(new Set(['job_id', 'host']));
    expect(one?.addedVariables).toEqual({ region: 'eu', tier: 'a:b' });
  });

  it.each([
    [{ 'metrics.reporters': 'jmx' }, /refused: there is no JVM.*REST/],
    [
      { 'metrics.reporter.x.factory.class': 'org.apache.flink.metrics.jmx.JMXReporterFactory' },
      /metrics\.reporter\.x\.factory\.class.*no JMX/,
    ],
    [
      { 'metrics.reporter.x.factory.class': 'org.apache.flink.metrics.statsd.StatsDReporterFactory' },
      /use prometheus, otlp/,
    ],
    [{ 'metrics.reporters': 'carrier-pigeon' }, /there is no reporter "carrier-pigeon"/],
    [
      { 'metrics.reporters': 'prometheus', 'metrics.reporter.prometheus.port': '9-1' },
      /prometheus\.port: "9-1" is not a port/,
    ],
    [{ 'metrics.reporters': 'prometheus', 'metrics.reporter.prometheus.port': '99999' }, /not a port/],
    [
      { 'metrics.reporters': 'otlp', 'metrics.reporter.otlp.exporter.endpoint': 'ftp://x' },
      /not an http or https URL/,
    ],
    [{ 'metrics.reporters': 'log', 'metrics.reporter.log.interval': '0' }, /longer than 0/],
    [
      { 'metrics.reporters': 'log', 'metrics.reporter.log.filter.includes': 'a:b:c:d' },
      /log\.filter\.includes: the filter/,
    ],
    [
      { 'metrics.reporters': 'log', 'metrics.reporter.log.scope.variables.additional': 'region' },
      /not name:value/,
    ],
    [{ 'metrics.reporter.prometheus.prot': '1' }, /did you mean "metrics\.reporter\.prometheus\.port"/],
    [{ 'metrics.job.status.enable': 'SOMETIMES' }, /not one of STATE, CURRENT_TIME, TOTAL_TIME/],
    [{ 'metrics.scope.jm': '<host>.<job_name>' }, /there is no variable <job_name>/],
    [{ 'metrics.latency.interval': '1 s' }, /no latency markers/],
  ])('when it is %j, then it is refused', (entries, why) => {
    const load = () => settings(entries as Record<string, string>);
    expect(load).toThrow(ConfigurationError);
    expect(load).toThrow(why);
  });
});
