import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../setup/install.mjs';
import { findPages } from './pages.ts';
import { replacePart } from './replace.ts';

const PAGE = '# A\n\n<!-- generated:x -->\nold\n<!-- /generated:x -->\n\nend\n';

describe('replacePart', () => {
  it('when the part is there then only it changes, and doing it again changes nothing', () => {
    const once = replacePart(PAGE, 'x', 'new\n', 'a.md');
    expect(once).toBe('# A\n\n<!-- generated:x -->\n\nnew\n\n<!-- /generated:x -->\n\nend\n');
    expect(replacePart(once, 'x', 'new\n', 'a.md')).toBe(once);
  });

  it('when the page lacks the part then the error names page and marker', () => {
    expect(() => replacePart(PAGE, 'y', '', 'a.md')).toThrow(/a\.md.*generated:y/);
  });

  it('when the part stands twice then it is refused', () => {
    expect(() => replacePart(PAGE + PAGE, 'x', '', 'a.md')).toThrow(/more than one/);
  });
});

describe('generated documentation', () => {
  it('when generated again then every page stays as it is', async () => {
    for (const { file, parts } of await findPages(ROOT)) {
      const page = readFileSync(join(ROOT, file), 'utf8');
      for (const [name, text] of Object.entries(parts))
        expect(replacePart(page, name, text, file)).toBe(page);
    }
  });
});
