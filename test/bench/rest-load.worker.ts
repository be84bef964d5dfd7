import { Agent, get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

export interface RestLoad {
  readonly url: string;
  readonly requests: number;
  /** Under way at once. */
  readonly concurrency: number;
}

/** Asks as fast as it is answered; posts how long each request took, ms. */
async function load({ url, requests, concurrency }: RestLoad): Promise<Float64Array> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const took = new Float64Array(requests);
  let next = 0;
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      get(url, { agent }, (response) => {
        response.resume();
        response.once('end', resolve);
        if (response.statusCode !== 200) reject(new Error(`${url} was answered ${response.statusCode}`));
      }).once('error', reject);
    });
  const loop = async (): Promise<void> => {
    for (let i = next++; i < requests; i = next++) {
      const start = performance.now();
      await ask();
      took[i] = performance.now() - start;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  agent.destroy();
  return took;
}

parentPort?.postMessage(await load(workerData as RestLoad));
