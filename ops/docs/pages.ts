// Finds what documentation generates: every `<name>.docs.ts` in src, actors, examples or ops describes one page.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The default export of a `<name>.docs.ts`. */
export interface GeneratedPage {
  /** The page, from the repository's root: `actors/README.md`. */
  readonly file: string;
  /** New text of each part of the page that stands between `<!-- generated:<name> -->` and `<!-- /generated:<name> -->`. */
  readonly parts: Readonly<Record<string, string>>;
}

export async function findPages(root: string): Promise<GeneratedPage[]> {
  const modules = globSync('{src,actors,examples,ops}/**/*.docs.ts', { cwd: root }).toSorted();
  const pages: GeneratedPage[] = [];
  for (const file of modules) {
    const loaded = (await import(pathToFileURL(join(root, file)).href)) as { default?: GeneratedPage };
    if (loaded.default === undefined) throw new Error(`${file} exports no page by default`);
    pages.push(loaded.default);
  }
  return pages;
}
