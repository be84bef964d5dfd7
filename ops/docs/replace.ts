/**
 * The page with the part between `<!-- generated:<name> -->` and `<!-- /generated:<name> -->` replaced.
 *
 * @throws {Error} when the page has not exactly one such part
 */
export function replacePart(page: string, name: string, text: string, file: string): string {
  const open = `<!-- generated:${name} -->`;
  const close = `<!-- /generated:${name} -->`;
  const start = page.indexOf(open);
  const end = page.indexOf(close, start);
  if (start < 0 || end < 0) throw new Error(`${file} has no part between ${open} and ${close}`);
  if (page.indexOf(open, start + 1) >= 0) throw new Error(`${file} has more than one ${open}`);
  return `${page.slice(0, start + open.length)}\n\n${text.trim()}\n\n${page.slice(end)}`;
}
