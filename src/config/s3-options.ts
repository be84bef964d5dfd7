import { S3_PART_BYTES_MIN } from '../base/limits.ts';
import { booleanOption, intOption, memoryOption, secretOption, stringOption } from './option.ts';

/** Options of `s3://` checkpoint and savepoint directories. */
export const S3_OPTIONS = {
  s3Endpoint: stringOption('s3.endpoint', {
    defaultValue: undefined,
    description: "URL of the S3 server, for others than Amazon's: http://minio:9000.",
  }),
  s3Region: stringOption('s3.region', {
    defaultValue: undefined,
    description:
      'Region of the bucket. Unset: AWS_REGION or the AWS profile; us-east-1 where s3.endpoint is set.',
    aliases: ['s3.endpoint.region'],
  }),
  s3AccessKey: secretOption('s3.access-key', {
    description:
      'Access key. Unset: what the AWS SDK finds (environment, profile, web identity, container, instance).',
    aliases: ['s3.access.key'],
  }),
  s3SecretKey: secretOption('s3.secret-key', {
    description: 'Secret key that belongs to s3.access-key.',
    aliases: ['s3.secret.key'],
  }),
  s3SessionToken: secretOption('s3.session-token', {
    description: 'Session token, where s3.access-key is a temporary one.',
    aliases: ['s3.session.token'],
  }),
  s3PathStyleAccess: booleanOption('s3.path.style.access', {
    defaultValue: false,
    description: 'Whether the bucket is named in the path (http://host/bucket), as most own servers need it.',
    aliases: ['s3.path-style-access'],
  }),
  s3PartSize: memoryOption('s3.upload.min.part.size', {
    defaultValue: S3_PART_BYTES_MIN,
    min: S3_PART_BYTES_MIN,
    description:
      'Bytes of one part of an upload; a file has 10000 parts at most. Files smaller than that are put in one request.',
  }),
  s3ConcurrentUploads: intOption('s3.upload.max.concurrent.uploads', {
    defaultValue: 2,
    min: 1,
    description: 'Parts of one file that are under way at once; each takes a part size of memory.',
  }),
} as const;
