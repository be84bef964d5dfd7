import { secretOption, stringOption } from './option.ts';

/** How a node or client makes itself known to NATS. Millrace's own keys; they are never part of a job. */
export const NATS_OPTIONS = {
  natsCredentialsFile: stringOption('nats.credentials-file', {
    defaultValue: undefined,
    description: "Credentials file (.creds: a user's JWT and nkey seed) for the NATS server. Millrace's own.",
  }),
  natsNkeyFile: stringOption('nats.nkey-file', {
    defaultValue: undefined,
    description: "File with an nkey seed (a line SU…) for the NATS server. Millrace's own.",
  }),
  natsUser: stringOption('nats.user', {
    defaultValue: undefined,
    description: "User name for the NATS server, with nats.password. Millrace's own.",
  }),
  natsPassword: secretOption('nats.password', {
    description: "Password of nats.user. Millrace's own.",
  }),
  natsToken: secretOption('nats.token', {
    description: "Token for the NATS server, in place of a user. Millrace's own.",
  }),
  natsCaFile: stringOption('nats.tls.ca-file', {
    defaultValue: undefined,
    description:
      "PEM file of the authorities that may vouch for the NATS server; the connection is then made by TLS. Unset: those of Node, for URLs tls://. Millrace's own.",
  }),
  natsCertFile: stringOption('nats.tls.cert-file', {
    defaultValue: undefined,
    description:
      "PEM file of the certificate that this side shows, where the NATS server verifies clients. Millrace's own.",
  }),
  natsKeyFile: stringOption('nats.tls.key-file', {
    defaultValue: undefined,
    description: "PEM file of the private key of nats.tls.cert-file. Millrace's own.",
  }),
  natsInboxPrefix: stringOption('nats.inbox-prefix', {
    defaultValue: undefined,
    description:
      "Subject below which answers come, where the permissions of the NATS server keep the roles' answers apart. Unset: _INBOX. Millrace's own.",
  }),
} as const;
