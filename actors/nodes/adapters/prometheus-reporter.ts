import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { gzip } from 'node:zlib';
import { ExternalError } from '../../../src/base/errors.ts';
import { METRICS_GZIP_MIN_BYTES, METRICS_REQUEST_TIMEOUT_MS } from '../../../src/base/limits.ts';
import type { ReporterSettings } from '../../../src/config/reporter-settings.ts';
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from '../../../src/metrics/prometheus-text.ts';
import { reportable } from './metric-reporter.ts';
import type { MetricReporter, ReporterContext } from './metric-reporter.ts';

type PrometheusSettings = Extract<ReporterSettings, { kind: 'prometheus' }>;

/** A server of its own for `/metrics`. */
export class PrometheusReporter implements MetricReporter {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** @throws ExternalError when no port of the range is free, naming the key */
  static async start(context: ReporterContext, settings: PrometheusSettings): Promise<PrometheusReporter> {
    const { name, host, ports } = settings;
    const server = createServer((request, response) => answer(context, settings, request, response));
    server.requestTimeout = METRICS_REQUEST_TIMEOUT_MS;
    server.headersTimeout = METRICS_REQUEST_TIMEOUT_MS;
    let failure: unknown;
    for (let port = ports.from; port <= ports.to; port += 1) {
      try {
        const taken = await listen(server, host, port);
        context.logger.info('metrics are served', { reporter: name, url: `http://${host}:${taken}/metrics` });
        return new PrometheusReporter(server, taken);
      } catch (error) {
        failure = error;
      }
    }
    throw new ExternalError(
      `metrics.reporter.${name}.port: nothing can listen on ${host}, ports ${ports.from} to ${ports.to}: ` +
        'name a port that is free, or a range such as 9250-9260',
      { cause: failure },
    );
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function answer(
  context: ReporterContext,
  settings: PrometheusSettings,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const [path] = (request.url ?? '/').split('?');
  if (path !== '/metrics' && path !== '/') return refuse(response, 404, 'Metrics are at /metrics.');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return refuse(response, 405, 'Metrics are read by GET.');
  }
  const text = Buffer.from(prometheusText(reportable(context, settings), settings), 'utf8');
  response.setHeader('Content-Type', PROMETHEUS_CONTENT_TYPE);
  const zips = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (!zips || text.byteLength < METRICS_GZIP_MIN_BYTES) return void response.end(text);
  gzip(text, (error, zipped) => {
    if (error === null) response.setHeader('Content-Encoding', 'gzip');
    response.end(error === null ? zipped : text);
  });
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${why}\n`);
}
