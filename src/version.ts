import { readFileSync } from 'node:fs';

/** From a checkout package.json lies one folder up, from the package (dist/src/) two. */
const PLACES = ['../package.json', '../../package.json'];

/** The version of this program, as package.json says. */
export function version(): string {
  for (const place of PLACES) {
    try {
      const { name, version: found } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as {
        name: string;
        version: string;
      };
      if (name === 'mailcase') return found;
    } catch {
      // The next place.
    }
  }
  return 'unknown';
}
