import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** PEM files of an authority made for one test, and of a server and a client that it vouches for. */
export interface Certificates {
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** Elliptic curves, for 127.0.0.1; valid from now on. By `selfsigned`: Node alone makes keys, but no certificates. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const common = { keyType: 'ec', algorithm: 'sha256' } as const;
  const authority = await generate([{ name: 'commonName', value: 'test authority' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const ca = { key: authority.private, cert: authority.cert };
  const signed = (name: string) =>
    generate([{ name: 'commonName', value: name }], {
      ...common,
      ca,
      extensions: [
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        {
          name: 'subjectAltName',
          // The NATS client checks the name localhost where it is told an address.
          altNames: [
            { type: 7, ip: '127.0.0.1' },
            { type: 2, value: 'localhost' },
          ],
        },
      ],
    });
  const [server, client] = await Promise.all([signed('server'), signed('client')]);
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  return {
    ca: await write('ca.pem', authority.cert),
    serverCert: await write('server.pem', server.cert),
    serverKey: await write('server-key.pem', server.private),
    clientCert: await write('client.pem', client.cert),
    clientKey: await write('client-key.pem', client.private),
  };
}
