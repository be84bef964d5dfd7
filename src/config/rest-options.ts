import {
  booleanOption,
  durationOption,
  intOption,
  memoryOption,
  secretOption,
  stringOption,
} from './option.ts';

/** Flink's REST API, served by the leading JobManager. */
export const REST_OPTIONS = {
  restAddress: stringOption('rest.address', {
    defaultValue: undefined,
    description: 'Host under which clients reach the REST API; shown to them. Unset: rest.bind-address.',
  }),
  restBindAddress: stringOption('rest.bind-address', {
    defaultValue: '127.0.0.1',
    description:
      'Address that the REST API listens on. Others than loopback ones are refused unless clients have to show who they are (rest.auth.*, or security.ssl.rest.authentication-enabled) or rest.allow-anonymous is true.',
  }),
  restPort: intOption('rest.port', {
    defaultValue: 8081,
    description: 'Port of the REST API; 0 takes a free one.',
  }),
  restBindPort: stringOption('rest.bind-port', {
    defaultValue: undefined,
    description:
      'Ports of the REST API, tried in turn: `8081`, `8081,8090-8099`. Unset: rest.port, and where that is taken a free one.',
  }),
  restMaxContentLength: memoryOption('rest.server.max-content-length', {
    defaultValue: 100 * 1024 * 1024,
    description: 'Largest upload; other bodies may have 1 MB.',
  }),
  restEnabled: booleanOption('rest.enabled', {
    defaultValue: true,
    description: "Whether a JobManager node serves the REST API. Millrace's own.",
  }),
  flameGraphEnabled: booleanOption('rest.flamegraph.enabled', {
    defaultValue: false,
    description:
      'Whether flame graphs of vertices can be asked for: stacks of the threads of its slots, sampled while they work.',
  }),
  flameGraphSamples: intOption('rest.flamegraph.num-samples', {
    defaultValue: 100,
    min: 1,
    description:
      'With rest.flamegraph.delay-between-samples: how long threads are sampled for a flame graph, one minute at most. V8 takes a sample each millisecond of it; slots can be sampled with Node.js from 24.8 on.',
  }),
  flameGraphDelay: durationOption('rest.flamegraph.delay-between-samples', {
    defaultValue: 50,
    description: 'See rest.flamegraph.num-samples.',
  }),
  flameGraphRefresh: durationOption('rest.flamegraph.refresh-interval', {
    defaultValue: 60_000,
    description:
      'A flame graph that is older is made anew when somebody asks; until that is done they see the old one.',
  }),
  flameGraphCleanup: durationOption('rest.flamegraph.cleanup-interval', {
    defaultValue: 600_000,
    description: 'A flame graph that nobody has asked for in this time is forgotten.',
  }),
  flameGraphDepth: intOption('rest.flamegraph.stack-depth', {
    defaultValue: 100,
    min: 1,
    description: 'Frames of a stack that a flame graph shows.',
  }),
  profilingEnabled: booleanOption('rest.profiling.enabled', {
    defaultValue: false,
    description: 'Of a node: whether profiles of its threads can be taken over REST.',
  }),
  profilingMaxDuration: durationOption('rest.profiling.duration-max', {
    defaultValue: 300_000,
    description: 'Of a node: the longest profile.',
  }),
  profilingHistorySize: intOption('rest.profiling.history-size', {
    defaultValue: 10,
    min: 1,
    description: 'Of a node: profiles that are kept.',
  }),
  restAnonymous: booleanOption('rest.allow-anonymous', {
    defaultValue: false,
    description:
      "Whether everybody who reaches an address other than loopback may read, steer and submit. Millrace's own.",
  }),
  restReadToken: secretOption('rest.auth.read-token', {
    description:
      "Bearer token that may read. With any token set, no request passes without one. Millrace's own.",
  }),
  restOperateToken: secretOption('rest.auth.operate-token', {
    description:
      "Bearer token that may also cancel, stop, and take savepoints and checkpoints. Millrace's own.",
  }),
  restSubmitToken: secretOption('rest.auth.submit-token', {
    description: "Bearer token that may also submit jobs and stop the cluster. Millrace's own.",
  }),
  restSsl: booleanOption('security.ssl.rest.enabled', {
    defaultValue: false,
    description: 'Whether the REST API speaks TLS, with security.ssl.rest.cert-file and key-file.',
  }),
  restSslAuthentication: booleanOption('security.ssl.rest.authentication-enabled', {
    defaultValue: false,
    description:
      'Whether clients must show a certificate of security.ssl.rest.ca-file; those who do may do everything that their token may, or everything where no token is set.',
  }),
  restCertFile: stringOption('security.ssl.rest.cert-file', {
    defaultValue: undefined,
    description:
      "PEM file of the REST API's certificate, with those between it and its authority. In place of Flink's keystore.",
  }),
  restKeyFile: stringOption('security.ssl.rest.key-file', {
    defaultValue: undefined,
    description: "PEM file of the private key of security.ssl.rest.cert-file. In place of Flink's keystore.",
  }),
  restCaFile: stringOption('security.ssl.rest.ca-file', {
    defaultValue: undefined,
    description: "PEM file of the authorities of clients' certificates. In place of Flink's truststore.",
  }),
  restAsyncStore: durationOption('rest.async.store-duration', {
    defaultValue: 300_000,
    description: 'How long the outcome of a savepoint, checkpoint or disposal is kept for those who ask.',
  }),
  webRefreshInterval: durationOption('web.refresh-interval', {
    defaultValue: 3_000,
    description: 'How often dashboards ask again.',
  }),
  webOrigin: stringOption('web.access-control-allow-origin', {
    defaultValue: '*',
    description:
      'The header Access-Control-Allow-Origin of answers to requests that only read. Requests that change something are refused from pages of other origins.',
  }),
  webSubmit: booleanOption('web.submit.enable', {
    defaultValue: true,
    description: 'Whether jobs can be uploaded and run over REST.',
  }),
  webCancel: booleanOption('web.cancel.enable', {
    defaultValue: true,
    description: 'Whether jobs can be canceled over REST.',
  }),
  webUploadDirectory: stringOption('web.upload.dir', {
    defaultValue: undefined,
    description: 'Where uploaded jobs are kept. Unset: a folder that goes with the JobManager.',
  }),
  checkpointHistory: intOption('web.checkpoints.history', {
    defaultValue: 10,
    min: 1,
    description: 'Checkpoints and savepoints of a job that are remembered.',
  }),
  exceptionHistorySize: intOption('web.exception-history-size', {
    defaultValue: 16,
    min: 1,
    description: 'Failures of a job that are remembered.',
  }),
} as const;
