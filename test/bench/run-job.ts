import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Configuration,
  connectClient,
  LocalCluster,
  prepareJob,
  runEmbedded,
  SilentLogger,
} from 'millrace/cluster';
import type { ClusterId, JobDetails } from 'millrace/cluster';
import { NatsServerProcess } from '../../actors/nodes/adapters/nats-server-process.ts';
import { obtainNatsServer } from '../../actors/nodes/adapters/package-files.ts';
import type { Measurement } from './bench.ts';
import { peakRssMb } from './measure.ts';
import { childrenOf, usageOf } from './processes.ts';
import type { SubtaskReport } from './job-report.ts';

export interface JobBench {
  /** Its sink is a ReportingSink on the parameter `report`; it takes the parameter `records`. */
  readonly module: URL;
  readonly records: number;
  readonly parallelism: number;
  /** Further job parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly configuration?: Readonly<Record<string, string>>;
}

/** Runs the job in an embedded cluster: one process, a slot thread for each subtask. */
export async function runJobEmbedded(bench: JobBench): Promise<Measurement> {
  const { module, records, parallelism } = bench;
  return withFolder(async (report) => {
    const { job } = await runEmbedded(module, {
      slots: parallelism,
      configuration: configurationOf(bench, report),
    });
    const reports = readReports(report, job, records);
    return { ...summarize(reports), peakRssMb: peakRssMb() };
  });
}

/** Runs the job over a nats-server of its own: one JobManager, and TaskManager processes with one slot each. */
export async function runJobOverNats(bench: JobBench): Promise<Measurement> {
  return withFolder(async (folder) => {
    const signal = new AbortController().signal;
    const executable = await obtainNatsServer();
    const server = await NatsServerProcess.start({
      executable,
      logFile: join(folder, 'nats-server.log'),
      signal,
    });
    const clusterId = 'bench' as ClusterId;
    const options = { taskManagers: bench.parallelism, slots: 1, nats: server.url, clusterId };
    try {
      const cluster = await LocalCluster.start({
        ...options,
        logDirectory: folder,
        logger: new SilentLogger(),
        signal,
      });
      try {
        return await submitAndMeasure(bench, { url: server.url, clusterId, serverPid: server.pid ?? 0 });
      } finally {
        await cluster.stop();
      }
    } finally {
      await server.stop();
    }
  });
}

interface Target {
  readonly url: string;
  readonly clusterId: ClusterId;
  readonly serverPid: number;
}

async function submitAndMeasure(bench: JobBench, target: Target): Promise<Measurement> {
  return withFolder(async (report) => {
    const configuration = configurationOf(bench, report);
    const prepared = await prepareJob(bench.module, configuration);
    const connection = await connectClient({ nats: { servers: target.url }, clusterId: target.clusterId });
    try {
      const sha256 = await connection.putArtifact(prepared.bundle.source);
      const nodes = childrenOf(process.pid).filter((pid) => pid !== target.serverPid);
      const serverBefore = usageOf(target.serverPid);
      const nodesBefore = nodes.map((pid) => usageOf(pid)?.cpuSeconds ?? 0);
      const job = await connection.client.execute({
        jobId: connection.client.newJobId(),
        module: { sha256 },
        configuration: configuration.toRecord(),
      });
      const serverAfter = usageOf(target.serverPid);
      const reports = readReports(report, job, bench.records);
      const workers = new Set(reports.map(({ pid }) => pid));
      const others = nodes.reduce(
        (sum, pid, i) =>
          workers.has(pid) ? sum : sum + (usageOf(pid)?.cpuSeconds ?? 0) - (nodesBefore[i] ?? 0),
        0,
      );
      const serverSeconds = (serverAfter?.cpuSeconds ?? 0) - (serverBefore?.cpuSeconds ?? 0);
      const summary = summarize(reports);
      const perMillion = 1e6 / summary.records;
      return {
        ...summary,
        cpuSeconds: summary.cpuSeconds + others + serverSeconds,
        details: {
          natsServerCpuSecondsPerMillion: serverSeconds * perMillion,
          taskManagersCpuSecondsPerMillion: summary.cpuSeconds * perMillion,
          jobManagerCpuSecondsPerMillion: others * perMillion,
          natsServerPeakRssMb: serverAfter?.peakRssMb ?? 0,
        },
      };
    } finally {
      await connection.close();
    }
  });
}

function configurationOf(bench: JobBench, report: string): Configuration {
  const { records, parallelism, parameters, configuration } = bench;
  return Configuration.of([
    ['parallelism.default', String(parallelism)],
    ...Object.entries(configuration ?? {}),
    ...Object.entries({ ...parameters, records, report }).map(
      ([name, value]) => [`pipeline.global-job-parameters.${name}`, String(value)] as const,
    ),
  ]);
}

function readReports(folder: string, job: JobDetails, records: number): SubtaskReport[] {
  if (job.status !== 'FINISHED')
    throw new Error(`the job ended ${job.status}: ${job.failure?.message ?? ''}`);
  const reports = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as SubtaskReport);
  // Shares of records, as of sliding windows, add up but for rounding.
  const arrived = Math.round(reports.reduce((sum, report) => sum + report.records, 0));
  if (arrived !== records) throw new Error(`${arrived} records arrived of ${records}`);
  return reports;
}

/** From the first start to the last end; CPU of each process in its own span. */
function summarize(reports: readonly SubtaskReport[]): Measurement {
  const seconds =
    (Math.max(...reports.map(({ endedAt }) => endedAt)) -
      Math.min(...reports.map(({ startedAt }) => startedAt))) /
    1000;
  let cpuSeconds = 0;
  for (const pid of new Set(reports.map((report) => report.pid))) {
    const own = reports.filter((report) => report.pid === pid);
    cpuSeconds += Math.max(...own.map((r) => r.cpuAtEnd)) - Math.min(...own.map((r) => r.cpuAtStart));
  }
  return {
    records: reports.reduce((sum, { records }) => sum + records, 0),
    seconds,
    cpuSeconds,
    peakRssMb: Math.max(...reports.map((report) => report.peakRssMb)),
  };
}

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
