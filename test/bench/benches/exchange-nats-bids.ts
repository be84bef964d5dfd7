import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsServerProcess } from '../../../actors/nodes/adapters/nats-server-process.ts';
import { obtainNatsServer } from '../../../actors/nodes/adapters/package-files.ts';
import type { CompressionCodec } from '../../../src/dataplane/exchange/index.ts';
import type { Bench, Measurement } from '../bench.ts';
import type { ExchangeEnd, ExchangeEndReport } from '../exchange-end.child.ts';
import { usageOf } from '../processes.ts';

const PROGRAM = new URL('../exchange-end.child.ts', import.meta.url);

/** Bids from one process to another over a nats-server of its own: encoded, published, received, decoded, counted. */
async function run(compression: CompressionCodec, records: number): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const server = await NatsServerProcess.start({
    executable: await obtainNatsServer(),
    logFile: join(folder, 'nats-server.log'),
    signal: new AbortController().signal,
  });
  try {
    return await measureEnds(server, compression, records);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureEnds(
  server: NatsServerProcess,
  compression: CompressionCodec,
  records: number,
): Promise<Measurement> {
  const start = (role: ExchangeEnd['role']): ChildProcess => {
    const end: ExchangeEnd = { role, url: server.url, records, compression };
    return fork(PROGRAM, [JSON.stringify(end)]);
  };
  const producer = start('producer');
  const consumer = start('consumer');
  const ends = [producer, consumer];
  const exited = ends.map((child) => once(child, 'exit'));
  await Promise.all(ends.map((child) => message(child)));
  const serverBefore = usageOf(server.pid ?? 0);
  const startedAt = performance.now();
  const reports = ends.map((child) => message(child)) as Promise<ExchangeEndReport>[];
  for (const child of ends) child.send('go');
  const [sent, received] = (await Promise.all(reports)) as [ExchangeEndReport, ExchangeEndReport];
  const seconds = (performance.now() - startedAt) / 1000;
  const serverAfter = usageOf(server.pid ?? 0);
  for (const child of ends) child.send('stop');
  await Promise.all(exited);
  if (received.records !== sent.records)
    throw new Error(`${received.records} of ${sent.records} records arrived`);
  const serverSeconds = (serverAfter?.cpuSeconds ?? 0) - (serverBefore?.cpuSeconds ?? 0);
  const perMillion = 1e6 / received.records;
  return {
    records: received.records,
    seconds,
    cpuSeconds: sent.cpuSeconds + received.cpuSeconds + serverSeconds,
    peakRssMb: Math.max(sent.peakRssMb, received.peakRssMb),
    details: {
      megabytesPerSecond: received.bytes / 1e6 / seconds,
      producerCpuSecondsPerMillion: sent.cpuSeconds * perMillion,
      consumerCpuSecondsPerMillion: received.cpuSeconds * perMillion,
      natsServerCpuSecondsPerMillion: serverSeconds * perMillion,
      natsServerPeakRssMb: serverAfter?.peakRssMb ?? 0,
    },
  };
}

function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`an end of the channel ended with code ${code}`)));
  });
}

export const exchangeNatsBids: Bench = {
  name: 'exchange-nats-bids',
  title: 'Nexmark bids between two processes over NATS: encoded, sent, received, decoded, counted',
  records: 5_000_000,
  floor: 1_000_000,
  run: (records) => run('none', records),
};

export const exchangeNatsBidsZstd: Bench = {
  name: 'exchange-nats-bids-zstd',
  title: 'the same with taskmanager.network.compression.codec: ZSTD',
  records: 2_000_000,
  run: (records) => run('zstd', records),
};
