import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Types } from './types.ts';

/** Whether a library has been loaded in this thread. */
function isLoaded(library: string): boolean {
  return Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes(`/${library}/`));
}

describe('Types', () => {
  it('when Avro is declared, then its library is loaded, not before, and that of Protobuf is not', () => {
    Types.record({ id: Types.LONG });
    expect(isLoaded('avsc')).toBe(false);
    Types.avro('long');
    expect([isLoaded('avsc'), isLoaded('@bufbuild/protobuf')]).toEqual([true, false]);
  });
});
