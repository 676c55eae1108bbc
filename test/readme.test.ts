import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Pages that lead to others. */
const PAGES = ['README.md', 'config/reference.md', 'config/demo/README.md', 'migrations/tables.md'];

const { files, scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
  files: string[];
  scripts: Record<string, string>;
};

/** Targets of links to files, without what stands behind #. */
function linksOf(page: string): string[] {
  const folder = page.includes('/') ? page.slice(0, page.lastIndexOf('/') + 1) : '';
  const text = readFileSync(`${ROOT}${page}`, 'utf8').replace(/```[\s\S]*?```/g, '');
  return [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => folder + target);
}

describe.each(PAGES)('%s', (page) => {
  it('leads to files that are there, in the package too', () => {
    const links = linksOf(page);
    for (const link of links) {
      expect(existsSync(ROOT + link), link).toBe(true);
      const isPacked = files.some((entry) => link === entry || link.startsWith(`${entry}/`));
      expect(isPacked, `${link} is in the package`).toBe(true);
    }
    if (page === 'README.md') expect(links.length).toBeGreaterThan(8);
  });

  it('names scripts that there are', () => {
    const named = [...readFileSync(`${ROOT}${page}`, 'utf8').matchAll(/\bnpm run ([a-z][a-z:]*)/g)];
    for (const [, name = ''] of named) expect(Object.keys(scripts), name).toContain(name);
  });
});
