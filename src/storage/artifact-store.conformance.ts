import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ARTIFACT_BYTES_MAX } from '../base/limits.ts';
import type { ArtifactStore } from '../ports/stores.ts';
import { ArtifactCorruptError, ArtifactNotFoundError, ArtifactTooLargeError } from './errors.ts';

export interface ArtifactBench {
  /** Two handles on one empty store. */
  readonly one: ArtifactStore;
  readonly two: ArtifactStore;
  /** Changes the stored bytes behind the store's back; undefined where nobody can. */
  readonly corrupt: ((sha256: string) => Promise<void>) | undefined;
  dispose(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const sha256Of = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** What every caller may rely on, for the adapter that `start` makes. */
export function describeArtifactStoreConformance(name: string, start: () => Promise<ArtifactBench>): void {
  describe(`artifact store conformance: ${name}`, () => {
    let bench: ArtifactBench | undefined;
    beforeEach(async () => {
      bench = await start();
    });
    afterEach(() => bench?.dispose());
    const current = (): ArtifactBench => bench as ArtifactBench;
    describePutAndGet(current);
    describeRefusals(current);
  });
}

function describePutAndGet(bench: () => ArtifactBench): void {
  it('when bytes are put, the address is their sha256 and both handles read them', async () => {
    const { one, two } = bench();
    const contents = [
      new Uint8Array(),
      bytes('export default 1;'),
      new Uint8Array(3_000_000).map((_, at) => at % 253),
    ];
    for (const content of contents) {
      const sha256 = await one.put(content);
      expect(sha256).toBe(sha256Of(content));
      expect(await two.has(sha256)).toBe(true);
      expect(Buffer.compare(await two.get(sha256), content)).toBe(0);
    }
  });

  it('when the same bytes are put again, also at once by several, the address is the same', async () => {
    const { one, two } = bench();
    const content = bytes('same');
    const puts = await Promise.all([one.put(content), two.put(content), one.put(content)]);
    puts.push(await two.put(content));
    expect(new Set(puts)).toEqual(new Set([sha256Of(content)]));
    expect(new TextDecoder().decode(await two.get(sha256Of(content)))).toBe('same');
  });

  it('when the caller changes its buffer, the stored bytes stay', async () => {
    const { one, two } = bench();
    const content = bytes('before');
    const sha256 = await one.put(content);
    content.fill(0);
    (await one.get(sha256)).fill(0);
    expect(new TextDecoder().decode(await two.get(sha256))).toBe('before');
  });
}

function describeRefusals(bench: () => ArtifactBench): void {
  it('when nothing has the address, get throws ArtifactNotFoundError and has answers false', async () => {
    const { one } = bench();
    const absent = sha256Of(bytes('absent'));
    await expect(one.get(absent)).rejects.toThrow(ArtifactNotFoundError);
    expect(await one.has(absent)).toBe(false);
  });

  it('when the address is none, it is in no store, whatever it looks like', async () => {
    const { one } = bench();
    const sha256 = await one.put(bytes('x'));
    for (const wrong of [
      '',
      '../x',
      sha256.toUpperCase(),
      sha256.slice(1),
      `${sha256}0`,
      '../'.repeat(22).slice(2),
      'ä',
    ]) {
      await expect(one.get(wrong)).rejects.toThrow(ArtifactNotFoundError);
      expect(await one.has(wrong)).toBe(false);
    }
  });

  it('when the stored bytes were changed, get throws ArtifactCorruptError', async () => {
    const { one, two, corrupt } = bench();
    const sha256 = await one.put(bytes('precious'));
    if (corrupt === undefined) {
      expect(new TextDecoder().decode(await two.get(sha256))).toBe('precious');
      return;
    }
    await corrupt(sha256);
    await expect(two.get(sha256)).rejects.toThrow(ArtifactCorruptError);
  });

  it('when the content is too large, put refuses it', async () => {
    const tooLarge = new Uint8Array(ARTIFACT_BYTES_MAX + 1);
    await expect(bench().one.put(tooLarge)).rejects.toThrow(ArtifactTooLargeError);
  });
}
