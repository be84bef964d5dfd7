import { z } from 'zod';
import type { AllocationId, Epoch, JobId, OperatorId, TaskManagerId, VertexId } from '../base/ids.ts';
import type { SerializedError } from '../base/errors.ts';

/** Schemas shared by the conversations. An id is checked here once, so that no id from the wire can form a subject. */
const id = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/, 'not an id: letters, digits, "_" and "-" only, 128 at most');

export const jobId = id as unknown as z.ZodType<JobId, string>;
export const vertexId = id as unknown as z.ZodType<VertexId, string>;
export const operatorId = id as unknown as z.ZodType<OperatorId, string>;
export const taskManagerId = id as unknown as z.ZodType<TaskManagerId, string>;
export const allocationId = id as unknown as z.ZodType<AllocationId, string>;
export const epoch = z.int().nonnegative() as unknown as z.ZodType<Epoch, number>;
export const edgeId = id;
export const processId = id;
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'not a sha256 in lower-case hex');
export const attempt = z.int().nonnegative();
export const index = z.int().nonnegative();
export const count = z.int().nonnegative();
export const positive = z.int().positive();
/** Milliseconds since the Unix epoch. */
export const instant = z.number().nonnegative();

export const serializedError: z.ZodType<SerializedError> = z.lazy(() =>
  z.object({
    name: z.string(),
    message: z.string(),
    domain: z.enum(['user', 'internal', 'external']),
    retryable: z.boolean(),
    stack: z.string().optional(),
    cause: serializedError.optional(),
  }),
) as z.ZodType<SerializedError>;

/** Job configuration: Flink's keys, values as text. */
export const configuration = z.record(z.string().max(256), z.string().max(65_536));

/** Said instead of any other answer when a request is refused; `error` says why and what to do. */
export const refused = z.object({ type: z.literal('refused'), error: serializedError });

/** Said when the sender's epoch is not the receiver's: the sender must find the present leader. */
export const fenced = z.object({ type: z.literal('fenced'), epoch });
