import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** What happens to one message on its way from a client to the server. */
export const PROXY_FAULTS = ['drop', 'duplicate', 'reorder', 'corrupt', 'delay', 'cut'] as const;
export type ProxyFault = (typeof PROXY_FAULTS)[number];

/** Decides about each message that a client publishes. */
export type FaultDecision = (subject: string, payload: Buffer) => ProxyFault | undefined;

const LINE_END = Buffer.from('\r\n');
const DELAY_MS = 700;

/** Stands between NATS clients and their server, and harms single messages that clients publish. */
export class NatsProxy {
  /** Asked for each published message. */
  decide: FaultDecision = () => undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(targetPort: number): Promise<NatsProxy> {
    const server = createServer();
    const proxy = new NatsProxy(server);
    server.on('connection', (client) => proxy.#join(client, connect(targetPort, '127.0.0.1')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket, server: Socket): void {
    const published = new PublishedMessages();
    let held: { readonly subject: string; readonly bytes: Buffer } | undefined;
    let delayed = Promise.resolve();
    const forward = (bytes: Buffer): void => void server.write(bytes);
    const handle = (part: WirePart): void => {
      if (part.subject === undefined) return forward(part.bytes);
      const fault = this.decide(part.subject, part.payload);
      if (fault === 'cut') {
        client.destroy();
        server.destroy();
        return;
      }
      if (fault === 'reorder') return void (held = { subject: part.subject, bytes: part.bytes });
      if (fault === 'corrupt') flipByte(part.payload);
      if (fault === 'delay')
        delayed = new Promise((resolve) => {
          setTimeout(resolve, DELAY_MS);
        });
      if (fault !== 'drop') forward(part.bytes);
      if (fault === 'duplicate') forward(part.bytes);
      if (held === undefined || held.subject !== part.subject) return;
      forward(held.bytes);
      held = undefined;
    };
    client.on('data', (chunk: Buffer) => {
      client.pause();
      void (async () => {
        for (const part of published.parts(chunk)) {
          handle(part);
          await delayed;
          if (client.destroyed) return;
        }
        client.resume();
      })();
    });
    server.pipe(client);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}

/** A whole message that a client published, or other bytes of the protocol. `payload` is a view of `bytes`. */
type WirePart =
  | { readonly subject: string; readonly bytes: Buffer; readonly payload: Buffer }
  | { readonly subject: undefined; readonly bytes: Buffer };

/** Cuts what a client sends into messages and other lines. */
class PublishedMessages {
  #rest = Buffer.alloc(0);

  *parts(chunk: Buffer): Generator<WirePart> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const lineEnd = this.#rest.indexOf(LINE_END);
      if (lineEnd < 0) return;
      const begin = lineEnd + LINE_END.length;
      const words = this.#rest.toString('latin1', 0, lineEnd).split(/\s+/);
      const isMessage = words[0] === 'PUB' || words[0] === 'HPUB';
      const length = isMessage ? Number(words.at(-1)) : 0;
      const end = isMessage ? begin + length + LINE_END.length : begin;
      if (this.#rest.length < end) return;
      const bytes = Buffer.from(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
      if (isMessage) yield { subject: words[1] ?? '', bytes, payload: bytes.subarray(begin, begin + length) };
      else yield { subject: undefined, bytes };
    }
  }
}

function flipByte(payload: Buffer): void {
  const at = payload.length >> 1;
  payload[at] = (payload[at] ?? 0) ^ 0x55;
}
