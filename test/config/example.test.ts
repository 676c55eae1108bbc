import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { PROCESSED_FLAGS } from '../../src/config/checks.ts';
import { allBelow, type Described, describeConfig } from '../../src/config/describe.ts';
import {
  type ConfigNode,
  type MapNode,
  nodeAt,
  parseConfigText,
  textsIn,
} from '../../src/config/document.ts';
import { loadConfig } from '../../src/config/load.ts';
import { findOption } from '../../src/config/options.ts';

const EXAMPLE = fileURLToPath(new URL('../../config/mailcase.example.yaml', import.meta.url));

const env = {
  DATABASE_URL: 'postgres://mailcase@localhost/mailcase',
  SUPPORT_PASSWORD: 'x',
  TRUST_SECRET: '0123456789abcdef',
  SIGNING_KEY: '0123456789abcdef0123456789abcdef',
  TOKEN_KEY: '0123456789abcdef'.repeat(4),
};

const AUTHORITY =
  rootCertificates.find((each) => new Date(new X509Certificate(each).validTo).getTime() > Date.now()) ?? '';

const written = await readFile(EXAMPLE, 'utf8');
/** With the options in that are commented out. */
const complete = written.replace(/^( *)#(?=[a-z-])/gm, '$1');
const root = treeOf(complete);

/** Every option, and those that are a value: text, number, words. */
const all = [...allBelow(describeConfig())];
const values = all.filter(({ shapes }) =>
  shapes.every(({ kind }) => !['section', 'list', 'map', 'again'].includes(kind)),
);

function treeOf(text: string): MapNode {
  const { root: found, findings } = parseConfigText(text);
  if (found === undefined) throw new Error(JSON.stringify(findings));
  return found;
}

function shownAt({ pattern }: Described): ConfigNode | undefined {
  const path = pattern.split(/\.|(?=\[\])/).map((part) => (part === '[]' ? 0 : part));
  return nodeAt(root, path);
}

/** Sections of which some examples are shown: what is possible in them is told all around. */
const BY_EXAMPLE = ['headers.map', 'rules'];

function sectionShown({ pattern }: Described): string | undefined {
  return BY_EXAMPLE.find((section) => pattern.startsWith(`${section}[]`));
}

/**
 * The option's line and the comment below it, in one line and without quotes for code; of what is shown by examples, all
 * of them.
 */
function shownText(option: Described): string {
  const section = sectionShown(option);
  const path = section?.split('.');
  const first = ((path ? nodeAt(root, path) : shownAt(option))?.line ?? 0) - 1;
  const lines = complete.split('\n').slice(first);
  const end = lines.findIndex((line, index) => index > 0 && !(section ? /^\s/ : /^\s+#/).test(line));
  return lines
    .slice(0, end)
    .map((line) => line.replace(/^\s+# */, ' '))
    .join(' ')
    .replace(/`/g, '')
    .replace(/\s+/g, ' ');
}

async function load(text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'mailcase-example-'));
  try {
    await writeFile(join(folder, 'mailcase.yaml'), text.replace('/etc/mailcase/ca.pem', 'ca.pem'));
    await writeFile(join(folder, 'ca.pem'), AUTHORITY);
    return (await loadConfig(join(folder, 'mailcase.yaml'), env)).config;
  } finally {
    await rm(folder, { recursive: true });
  }
}

it('loads, with every commented option at its default', async () => {
  const config = await load(written);
  // It is instead of the password.
  const withoutOAuth2 = complete.replace(/^ {6}oauth2:.*\n(?: {8}.*\n)*/m, '');
  expect(withoutOAuth2).not.toBe(complete);
  const { headers, rules, ...all } = await load(withoutOAuth2);
  expect(headers.map.map(({ header }) => header)).toEqual(['x-shop-state', 'x-shop-tags', 'x-shop-field-*']);
  expect(rules).toHaveLength(6);
  expect({ ...all, rules: [], headers: { ...headers, map: [] } }).toEqual({
    ...config,
    alert: {
      command: ['/usr/local/bin/page-me'],
      on: new Set(['stale', 'credentials', 'quarantine', 'headers_not_applied']),
      repeat: 6 * 3_600_000,
      timeout: 30_000,
    },
    token_key: [Buffer.from(env.TOKEN_KEY, 'hex')],
    mailboxes: config.mailboxes.map((mailbox) => ({
      ...mailbox,
      imap: {
        ...mailbox.imap,
        ca: [{ file: 'ca.pem', certificates: [expect.stringContaining('BEGIN CERTIFICATE')] }],
        proxy: 'http://proxy.example.com:3128',
        uids_per_command: 100,
      },
      daily_download: 2500 * 1024 * 1024,
      processed: {
        flag: '\\Seen',
        keyword: 'mailcase',
        label: 'Processed',
        move: 'Processed',
        delete: false,
        set_aside: 'Not recorded',
      },
      trust: {
        secret: { header: 'x-our-secret', value: '0123456789abcdef' },
        hmac: {
          header: 'x-mailcase-signature',
          keys: [{ id: '2026-11', secret: '0123456789abcdef0123456789abcdef' }],
          max_age: 5 * 86_400_000,
        },
        dkim: { domains: ['example.com'] },
      },
      authentication: { ...mailbox.authentication, authserv_id: 'mx.example.com', dns: ['192.0.2.53'] },
    })),
  });
});

it('shows every option, and none that does not exist', () => {
  const shown = new Set([...textsIn(root)].map(([path]) => findOption(path)?.pattern));
  // Two alternatives that exclude what is shown are told in words.
  const isTold = (option: Described) =>
    sectionShown(option) !== undefined && new RegExp(`\\b${option.name}\\b`).test(shownText(option));
  const missing = values.filter((option) => !shown.has(option.pattern) && !isTold(option));
  expect(missing.map(({ pattern }) => pattern)).toEqual([
    ...[
      'database.embedded',
      'token_key[]',
      'alert.command[]',
      'alert.webhook.url',
      'alert.webhook.headers.*',
      'mailboxes[].path',
    ],
  ]);
  expect(shown).not.toContain(undefined);
  expect(written).toContain('`embedded: ./data`');
  expect(written).toContain('`path: INBOX`');
  expect(written).toContain('`webhook: ${ALERT_URL}`');
});

it.each(all.filter(({ default: value }) => value !== undefined))(
  'shows the default of $pattern',
  (option) => {
    const node = shownAt(option);
    if (node?.kind === 'text') expect(node.text).toBe(option.default);
    else if (node?.kind === 'list') expect(shownText(option)).toContain(`Default: ${option.default}`);
    else expect(shownText(option)).toContain(`${option.default} (default)`);
  },
);

// What stands in a section that is told in words alone has no line of its own.
const isBelowWords = ({ pattern }: Described) => pattern.startsWith('alert.webhook.');

it.each(all.filter((option) => option.meta.byDefault !== undefined && !isBelowWords(option)))(
  'says what counts without $pattern',
  (option) => {
    expect(shownText(option)).toContain(option.meta.byDefault?.replaceAll('`', ''));
  },
);

const choices = all.flatMap((option) =>
  option.shapes.flatMap((shape) => (shape.kind === 'words' ? [{ option, words: shape.words }] : [])),
);

it.each(choices)('names every word of $option.pattern', ({ option, words }) => {
  const text = shownText(option);
  expect(words.filter((word) => !new RegExp(`\\b${word}\\b`).test(text))).toEqual([]);
});

it('names every flag of processed', () => {
  const flag = all.find(({ pattern }) => pattern === 'mailboxes[].processed.flag');
  const text = flag === undefined ? '' : shownText(flag);
  expect(PROCESSED_FLAGS.filter((each) => !text.includes(each))).toEqual([]);
});
