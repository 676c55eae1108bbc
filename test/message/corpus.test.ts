import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { dedupeKey } from '../../src/message/dedupe-key.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { unstorable } from './build.ts';

const MAIL = fileURLToPath(new URL('../../../shared/mail', import.meta.url));
const mapping = headerMapping({ prefix: 'x-desk-' });

describe('mail that nobody here wrote', () => {
  if (!existsSync(MAIL)) {
    it('is not here', () => {
      process.stderr.write(
        '../shared/mail is not here (a clone elsewhere): the corpus test passes without it\n',
      );
    });
    return;
  }

  it.each(['nasty', 'volume'])(
    '%s: every file parses, with storable text and a key',
    { timeout: 60_000 },
    async (folder) => {
      const names = readdirSync(join(MAIL, folder)).filter((name) => name.endsWith('.eml'));
      expect(names.length).toBeGreaterThan(200);
      const sources = new Map<string, Buffer>();
      for (const name of names) {
        const source = readFileSync(join(MAIL, folder, name));
        const message = await parseMessage(source);
        expect(unstorable(message), name).toEqual([]);
        expect(unstorable(mapping.read(message.headers)), name).toEqual([]);
        const key = dedupeKey(message, mapping.isMapped);
        expect(key, name).toHaveLength(33);
        const before = sources.get(key.toString('hex'));
        // In nasty/, many are variants of one mail made by hand; in volume/, each file is a mail of its own.
        if (folder === 'volume' && before !== undefined)
          expect(identity(source), name).toBe(identity(before));
        sources.set(key.toString('hex'), source);
      }
    },
  );
});

/** What two copies of one mail share, told without the code under test: Message-ID, Date, From, and the body. */
function identity(source: Buffer): string {
  const [head = '', ...body] = source.toString('latin1').split(/\r?\n\r?\n/);
  const fields = head.split(/\r?\n(?![ \t])/).filter((line) => /^(message-id|date|from|to|cc):/i.test(line));
  return [...fields.sort(), ...body].join('\n');
}
