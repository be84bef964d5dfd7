import type { Socket } from 'node:net';
import type { Options, Sql } from 'postgres';
import { ExternalError, MillraceError, UserError } from '../../base/errors.ts';
import { POSTGRES_CONNECT_TIMEOUT_MS } from '../../base/limits.ts';
import { CountedSockets } from './counted-sockets.ts';
import type { SocketAddress } from './counted-sockets.ts';

/** Which server, and who one is there; what is missing comes from libpq's environment variables (`PGHOST`, `PGUSER`, ...). */
export interface PostgresConnectionOptions {
  /** `postgres://user:password@host:port/database`; single options below win. */
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly user?: string;
  readonly password?: string;
  /** `require` encrypts, `verify-full` also checks who the server is; or options of `tls.connect`. Default: no TLS. */
  readonly ssl?: 'require' | 'prefer' | 'verify-full' | object;
}

/** Milliseconds in a second. */
const SECOND = 1_000;

/** A client of one connection. */
export interface PostgresConnection {
  readonly sql: Sql;
  /** Bytes sent to the server so far. */
  bytesSent(): number;
}

/** One connection, made when it is first used. The client is loaded only where a job writes to PostgreSQL. */
export async function connectTo(
  options: PostgresConnectionOptions,
  name: string,
): Promise<PostgresConnection> {
  const { default: postgres } = await import('postgres');
  const { url, ...single } = options;
  const sockets = new CountedSockets();
  // The client's types do not know `socket`.
  const settings: Options<Record<string, never>> & { socket: (address: SocketAddress) => Socket } = {
    ...(single as Options<Record<string, never>>),
    max: 1,
    connect_timeout: POSTGRES_CONNECT_TIMEOUT_MS / SECOND,
    onnotice: () => {},
    connection: { application_name: name },
    socket: (address) => sockets.open(address),
  };
  const sql = url === undefined ? postgres(settings) : postgres(url, settings);
  return { sql, bytesSent: () => sockets.bytesSent };
}

/** Classes of SQLSTATE that say: the data, the statement or the rights are wrong. Others may pass by themselves. */
const BY_USER = new Set(['0A', '21', '22', '23', '28', '2F', '3D', '3F', '42', '44', 'P0']);
/** Node's and the client's codes for what a person must put right. */
const CODES_BY_USER = new Set([
  'UNDEFINED_VALUE',
  'MAX_PARAMETERS_EXCEEDED',
  'SASL_SIGNATURE_MISMATCH',
  'NOT_TAGGED_CALL',
]);

/** An error of the client as one that names the act and the server's reason, never a password. */
export function postgresError(act: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const reason = error instanceof Error ? error.message || error.name : String(error);
  const message = `cannot ${act}: ${reason}${code === '' ? '' : ` (${code})`}`;
  const byUser = CODES_BY_USER.has(code) || (code.length === 5 && BY_USER.has(code.slice(0, 2)));
  return byUser ? new UserError(message, { cause: error }) : new ExternalError(message, { cause: error });
}
