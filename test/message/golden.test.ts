import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { dedupeKey } from '../../src/message/dedupe-key.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { trustedDirectives } from '../../src/rules/trusted-directives.ts';

const MAIL = fileURLToPath(new URL('../mail/', import.meta.url));
const UPDATING = process.env.UPDATE_GOLDEN === '1';
const mapping = headerMapping({ prefix: 'x-desk-' });

const traits = readdirSync(MAIL)
  .filter((name) => name.endsWith('.eml'))
  .map((name) => name.slice(0, -'.eml'.length));

describe('mails and what is read of them', () => {
  it('there are some', () => {
    expect(traits.length).toBeGreaterThan(10);
  });

  it.each(traits)('%s', async (trait) => {
    const actual = await readable(readFileSync(`${MAIL}${trait}.eml`));
    const golden = `${MAIL}${trait}.json`;
    if (UPDATING) writeFileSync(golden, actual);
    expect(existsSync(golden), `${golden} is missing: run with UPDATE_GOLDEN=1, then read it`).toBe(true);
    expect(actual).toBe(readFileSync(golden, 'utf8'));
  });

  it('no .json is left without its .eml', () => {
    const jsons = readdirSync(MAIL).filter((name) => name.endsWith('.json'));
    expect(jsons.filter((name) => !traits.includes(name.slice(0, -'.json'.length)))).toEqual([]);
  });
});

/** Everything that is read of a message, as JSON for people. */
async function readable(source: Buffer): Promise<string> {
  const { headers, attachments, ...message } = await parseMessage(source);
  // What is concluded comes later, from more than the message.
  const { decided: _, ...directives } = trustedDirectives({ trusted: true, reason: '' }, mapping, headers);
  const everything = {
    dedupeKey: dedupeKey({ headers, attachments, ...message }, mapping.isMapped).toString('hex'),
    ...message,
    attachments: attachments.map((attachment) => ({
      ...attachment,
      sha256: attachment.sha256?.toString('hex'),
    })),
    headers: headers.fields.map(({ name, raw, value }) =>
      raw === value ? [name, value] : [name, value, raw],
    ),
    directives,
  };
  const plain = (_: string, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value);
  return `${JSON.stringify(everything, plain, 2)}\n`;
}
