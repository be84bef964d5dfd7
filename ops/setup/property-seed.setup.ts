// Property tests draw the same examples in every run; MILLRACE_PROPERTY_SEED=random, or a number, draws others.
import { randomInt } from 'node:crypto';
import fc from 'fast-check';

const wanted = process.env['MILLRACE_PROPERTY_SEED'] ?? '1';
const seed = wanted === 'random' ? randomInt(2 ** 31) : Number(wanted);
if (!Number.isSafeInteger(seed))
  throw new Error(`MILLRACE_PROPERTY_SEED must be "random" or a whole number, got "${wanted}"`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
