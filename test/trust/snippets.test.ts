import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import MailComposer from 'nodemailer/lib/mail-composer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHeaderBlock } from '../../src/message/header-block.ts';
import { Headers } from '../../src/message/headers.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { byHmac } from '../../src/trust/hmac.ts';
import { parseSignature } from '../../src/trust/signature.ts';
import { signedText } from '../../src/trust/signed-text.ts';
import type { HmacTrust, SigningKey } from '../../src/trust/trust.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const mapping = headerMapping({ prefix: 'x-desk-' });
const run = promisify(execFile);

const readme = readFileSync(`${ROOT}README.md`, 'utf8');
const section = readme.slice(
  readme.indexOf('### Signed header fields'),
  readme.indexOf("## One message's way"),
);

/** The code blocks of a language in the section, in order. */
function blocks(language: string): string[] {
  return [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  );
}

function headersOf(source: string | Buffer): Headers {
  return new Headers(readHeaderBlock(Buffer.from(source as string), false));
}

/** A language, and how the README's function is called in it with arguments as JSON. */
interface Language {
  readonly name: string;
  readonly file: string;
  readonly program: string;
  readonly before: string;
  readonly after: string;
  /** Files of config/sending that have the same function. */
  readonly senders: readonly string[];
  /** Where the function begins in the block. */
  readonly begins: string;
}

const LANGUAGES: readonly Language[] = [
  {
    ...{ name: 'js', file: 'sign.mjs', program: process.execPath, before: '' },
    after: `const [from, fields, id, secret] = JSON.parse(process.argv[2]);
      process.stdout.write(signature(from, fields, { id, secret }));`,
    ...{ senders: ['nodemailer.mjs'], begins: '/** The signature' },
  },
  {
    ...{ name: 'python', file: 'sign.py', program: 'python3', before: '' },
    after: 'import json, sys\nprint(signature(*json.loads(sys.argv[1])), end="")\n',
    ...{ senders: ['send.py'], begins: 'def signature' },
  },
  {
    ...{ name: 'php', file: 'sign.php', program: 'php', before: '<?php\n' },
    after: 'echo signature(...json_decode($argv[1], true));\n',
    ...{ senders: ['phpmailer.php', 'mail.php'], begins: '/** The signature' },
  },
  {
    ...{ name: 'ruby', file: 'sign.rb', program: 'ruby', before: '' },
    after: "require 'json'\nprint signature(*JSON.parse(ARGV[0]))\n",
    ...{ senders: ['send.rb'], begins: '# The signature' },
  },
];

const missing = new Set<Language>();
for (const language of LANGUAGES) {
  await run(language.program, ['--version']).catch(() => missing.add(language));
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailcase-snippets-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const KEY: SigningKey = { id: '2026-11', secret: 'a secret of the shop, long enough – ü' };
const TRUST: HmacTrust = { header: 'x-mailcase-signature', keys: [KEY], max_age: 3_600_000 };

/** As people read them; the customer's quotes are the library's to set. */
const FIELDS = {
  'x-desk-customer-email': 'O\'Neil, Åsa "Å" <asa@example.org>',
  'x-desk-case-status': 'resolved',
  'X-Desk-Case-Custom-A1': 'names are told in lower case',
  'x-desk-case-state': 'no field of this name is known',
  'x-desk-case-subject': '  two\tspaces   and a line\r\nbreak ',
  'x-desk-case-custom-depot': 'Malmö – 10\u00a0€ 😀',
  'x-desk-case-custom-depot-2': 'sorted behind depot, though - is before :',
  'x-desk-case-labels': '',
  'x-desk-interaction-city': ' ',
  'x-desk-interaction-user-agent': `a value that is folded, ${'for it is long, '.repeat(20)}`,
};

describe.each(LANGUAGES)('the function of README.md in $name', (language) => {
  const { name, file, program, before, after, senders, begins } = language;
  const [snippet = ''] = blocks(name);

  it.each(senders)('is the one of config/sending/%s', (sender) => {
    const own = snippet.slice(snippet.indexOf(begins)).trimEnd();
    expect(own).toContain('mailcase-signature-v1');
    expect(readFileSync(`${ROOT}config/sending/${sender}`, 'utf8')).toContain(`\n${own}\n`);
  });

  if (missing.has(language)) {
    it(`is not run: this machine has no ${program}`, () => {});
    return;
  }

  it('makes a signature that is right, and another one each time', async () => {
    const path = join(folder, file);
    await writeFile(path, before + snippet + after);
    const call = () => run(program, [path, JSON.stringify(['Shop@Example.com', FIELDS, KEY.id, KEY.secret])]);
    const [{ stdout: signature }, { stdout: other }] = [await call(), await call()];
    expect(parseSignature(signature)).toMatchObject({ keyId: KEY.id });
    expect(other).not.toBe(signature);
    const sent = await new MailComposer({
      from: 'The Shop <shop@example.com>',
      text: 'Hello.',
      headers: {
        ...FIELDS,
        'x-desk-customer-email': '"O\'Neil, Åsa \\"Å\\"" <asa@example.org>',
        'x-mailcase-signature': signature,
      },
    })
      .compile()
      .build();
    expect(byHmac(TRUST, headersOf(sent), new Date(), mapping)).toMatchObject({ trusted: true });
  });
});

describe('the worked example of README.md', () => {
  const [mail = '', text = '', field = ''] = blocks('text');
  const secret = /whose secret is `([^`]+)`/.exec(section)?.[1] ?? '';
  const signature = parseSignature(headersOf(`${field}\n`).first('x-mailcase-signature')?.raw ?? '');

  it('has the signature of its text, by HMAC-SHA256 alone', () => {
    expect(signature).toMatchObject({
      mac: createHmac('sha256', secret).update(text, 'utf8').digest('hex'),
    });
    expect(section).toContain(`this is signed, ${Buffer.byteLength(text, 'utf8')} bytes in all`);
  });

  it('has the text of its mail, and the signature is right', () => {
    if ('refused' in signature) throw new Error(signature.refused);
    expect(signedText(signature, headersOf(`${mail}\n`), mapping)).toBe(text);
    const trust = { ...TRUST, keys: [{ id: signature.keyId, secret }] };
    const received = new Date((signature.time + 60) * 1000);
    expect(byHmac(trust, headersOf(`${field}${mail}\n`), received, mapping)).toMatchObject({ trusted: true });
  });
});
