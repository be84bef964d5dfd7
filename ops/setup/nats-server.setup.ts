// Tells tests where nats-server is: `process.env.MILLRACE_NATS_SERVER` is the absolute path of the executable.
import { installFullNatsServer } from './nats-server.mjs';

export default function setup(): void {
  process.env['MILLRACE_NATS_SERVER'] = installFullNatsServer();
}
