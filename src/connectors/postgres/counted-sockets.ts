import { Socket } from 'node:net';

/** Where the client is to connect to, as it passes it on: hosts are tried in turn. */
export interface SocketAddress {
  readonly host: readonly string[];
  readonly port: readonly number[];
  /** Of a Unix socket. */
  readonly path?: string | false | undefined;
}

/** Opens the sockets of a client, one at a time, and knows what was sent over all of them. */
export class CountedSockets {
  #socket: Socket | undefined;
  #bytesBefore = 0;
  #opened = 0;

  /** Bytes sent, the protocol's own included. */
  get bytesSent(): number {
    return this.#bytesBefore + (this.#socket?.bytesWritten ?? 0);
  }

  /** A socket that begins to connect: what is written meanwhile waits in it. */
  open({ host, port, path }: SocketAddress): Socket {
    this.#bytesBefore = this.bytesSent;
    const socket = new Socket();
    this.#socket = socket;
    if (typeof path === 'string' && path !== '') return socket.connect(path);
    const turn = this.#opened % port.length;
    this.#opened += 1;
    const [name, number] = [host[turn] ?? 'localhost', port[turn] ?? 0];
    // The client names them in errors, and checks certificates against the host.
    return Object.assign(socket.connect(number, name), { host: name, port: number });
  }
}
