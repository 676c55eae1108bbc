import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ProviderName } from '../../src/cli/logins.ts';
import { loginOf } from '../../src/cli/providers.ts';
import { starterConfig } from '../../src/cli/starter.ts';

// What config/gmail.md and config/exchange-online.md tell to write is what `mailcase init` writes.

interface Written {
  readonly token_key?: string;
  readonly mailboxes: readonly [{ readonly imap: Readonly<Record<string, unknown>> }];
}

/** The examples of a guide, each as a configuration. */
async function examplesIn(guide: string): Promise<Written[]> {
  const text = await readFile(new URL(`../../config/${guide}`, import.meta.url), 'utf8');
  const blocks = text.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm);
  return [...blocks].map(([, indent = '', lines = '']) => {
    const read = parse(lines.replaceAll(new RegExp(`^${indent}`, 'gm'), '')) as
      | Written
      | Written['mailboxes'][0];
    return 'mailboxes' in read ? read : { mailboxes: [read] };
  });
}

/** Options with the variables that they are taken from; what the operator fills in is left out. */
function optionsOf({ token_key, mailboxes: [{ imap }] }: Written) {
  const { oauth2 = {}, ...more } = imap as { oauth2?: Record<string, unknown> };
  const named = ([name, value]: [string, unknown]) =>
    String(value).startsWith('${') || ['flow', 'provider'].includes(name) ? [name, value] : [name];
  return { token_key, imap: Object.entries(more).map(named), oauth2: Object.entries(oauth2).map(named) };
}

it.each<[guide: string, provider: ProviderName, ways: string[]]>([
  ['gmail.md', 'gmail', ['app-password', 'person', 'service-account']],
  ['exchange-online.md', 'exchange', ['app', 'person']],
])('%s', async (guide, provider, ways) => {
  const examples = await examplesIn(guide);
  expect(examples).toHaveLength(ways.length);
  for (const [index, way] of ways.entries()) {
    const login = loginOf(provider, way);
    if (login === undefined) throw new Error(`no way ${way} at ${provider}`);
    const written = parse(starterConfig(provider, login)) as Written;
    expect(optionsOf(examples[index] as Written), way).toEqual(optionsOf(written));
  }
});
