import { once } from 'node:events';
import { type IncomingMessage, type Server, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request: passed on, passed on and its answer lost, or its answer cut off in the middle. */
export type Fault = 'none' | 'lose-answer' | 'cut-answer';

/** Stands between a client and an S3 server; requests keep their Host, so signatures stay valid. */
export class S3Proxy {
  readonly #server: Server;
  /** Decides about each request. */
  faultFor: (request: IncomingMessage) => Fault = () => 'none';

  private constructor(port: number) {
    this.#server = createServer((incoming, answer) => {
      const fault = this.faultFor(incoming);
      const { method, url, headers } = incoming;
      const onward = request({ port, host: '127.0.0.1', method, path: url, headers }, (given) => {
        if (fault === 'lose-answer') {
          given.resume().once('end', () => incoming.socket.destroy());
          return;
        }
        answer.writeHead(given.statusCode ?? 500, given.headers);
        if (fault === 'none') given.pipe(answer);
        else
          given.once('data', (chunk: Buffer) =>
            answer.write(chunk.subarray(0, 10), () => incoming.socket.destroy()),
          );
      });
      incoming.pipe(onward);
      onward.on('error', () => incoming.socket.destroy());
    });
  }

  static async start(port: number): Promise<S3Proxy> {
    const proxy = new S3Proxy(port);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
