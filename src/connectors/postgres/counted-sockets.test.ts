import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { CountedSockets } from './counted-sockets.ts';

describe('CountedSockets', () => {
  it('when a socket follows another, then hosts are tried in turn, and what both sent counts, also what was written at once', async () => {
    const received: Promise<string>[] = [];
    const server = createServer((socket) => void received.push(text(socket)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const nobody = createServer();
    nobody.listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const closedPort = (nobody.address() as AddressInfo).port;
    nobody.close();
    const sockets = new CountedSockets();
    const address = { host: ['127.0.0.1', '127.0.0.1'], port: [closedPort, port] };
    const refused = sockets.open(address);
    await once(refused, 'close').catch(() => {});
    expect(sockets.bytesSent).toBe(0);
    for (const word of ['hello', 'you']) {
      const socket = sockets.open({ host: ['127.0.0.1'], port: [port] });
      socket.end(word);
      await once(socket, 'close');
    }
    expect(await Promise.all(received)).toEqual(['hello', 'you']);
    expect(sockets.bytesSent).toBe(8);
    const last = sockets.open(address);
    last.end();
    expect(last).toMatchObject({ host: '127.0.0.1' });
    await once(last, 'close').catch(() => {});
    server.close();
  });
});
